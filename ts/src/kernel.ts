/** The kernel of a notebook, as far as Panel's extension of JupyterLab tells of it. */

interface PyViz {
  /** By the root of an output. One whose kernel restarts or dies is taken out. */
  kernels?: Record<string, unknown>;
}

declare global {
  interface Window {
    PyViz?: PyViz;
  }
}

/** Tell whether there is a kernel behind the output `root`; none in a notebook of another kind. */
export function hasKernel(root: string): boolean {
  return window.PyViz?.kernels?.[root] !== undefined;
}
