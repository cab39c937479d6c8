// esbuild turns an imported stylesheet into the bundle's .css file.
declare module "*.css";
