// Addresses that hold under any prefix: at("api/jobs") is ".../api/jobs" wherever the page is shown.
export const root = document.documentElement.dataset.root;
export const at = (path) => `${root}/${path.replace(/^\//, "")}`;
