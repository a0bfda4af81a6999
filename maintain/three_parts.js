// What the map view needs of three.js; vendor_three.py bundles it into src/vitreous/web/static/vendor/three.js.
export {
  BufferAttribute,
  BufferGeometry,
  Color,
  DirectionalLight,
  DoubleSide,
  Fog,
  Group,
  HemisphereLight,
  LinearSRGBColorSpace,
  Mesh,
  MeshPhongMaterial,
  OrthographicCamera,
  Quaternion,
  Scene,
  Vector3,
  WebGLRenderer,
} from "three";
