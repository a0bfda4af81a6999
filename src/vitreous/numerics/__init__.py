"""Mathematics on arrays that knows no microscope: transforms, shells, rotations, slices."""
