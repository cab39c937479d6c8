/** What is said of the page as a whole, and not of one upload. */

import type { Failure } from "./errors";

export type Notice =
  | { kind: "drop_unreadable" }
  /** Files whose uploads no cell of the notebook shows any more. */
  | { kind: "unseen"; names: string[] }
  /** A file that the server has, and could not delete, or was not to. */
  | { kind: "not_removed"; name: string; isAllowed: boolean }
  | { kind: "failure"; failure: Failure };
