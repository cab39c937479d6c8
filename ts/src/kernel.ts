/** The kernel of a notebook, as far as Panel's extension of JupyterLab tells of it. */

import type { CommOpener } from "./comm";

interface PyViz {
  /** By the root of an output. One whose kernel restarts or dies is taken out. */
  kernels?: Record<string, CommOpener>;
}

/** What is behind a view in a notebook. */
export interface Kernel {
  exists(): boolean;
  /** What opens comms to it, if there is one. */
  comms(): CommOpener | undefined;
  /** Whether this page has no way to it, whatever it does. */
  isOutOfReach(): boolean;
  /** Forget what came of a message of which the rest is lost. */
  forgetHalfMessages(): void;
}

/** For a page of a server. */
export const NO_KERNEL: Kernel = {
  exists: () => false,
  comms: () => undefined,
  isOutOfReach: () => false,
  forgetHalfMessages: () => undefined,
};

declare global {
  interface Window {
    PyViz?: PyViz;
    /** In the classic notebook; JupyterLab and Notebook 7 have none. */
    Jupyter?: { notebook?: unknown };
  }
}

/** Give what is behind the output `root`; nothing in a notebook of another kind. */
export function kernelOf(root: string): CommOpener | undefined {
  return window.PyViz?.kernels?.[root];
}

/**
 * Tell whether this is a page of Voilà. Panel's extension of JupyterLab, which its comm needs, does
 * not load there: Voilà 0.5 is made of the parts of JupyterLab 4.2, and has not all of them.
 */
export function isVoila(): boolean {
  return document.body.dataset.voila !== undefined;
}

/**
 * Tell whether this is the classic notebook. Its `comm.send` takes `callbacks` before the metadata,
 * Panel passes none, and so the bytes of a file come where nobody looks for them.
 */
export function isClassicNotebook(): boolean {
  return window.Jupyter?.notebook !== undefined;
}
