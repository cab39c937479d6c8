/**
 * Whether a socket that says nothing still leads to the server. BokehJS tells of one that was closed.
 * But a gateway that forgets a connection swallows what is sent and closes nothing, and the browser
 * takes a quarter of an hour to notice. An ack may be late for many reasons, so the server is asked
 * for something that it answers at once, and the socket is left only if it says nothing to that.
 */

import type { PanelChannel } from "./channel";
import type { ServerMessage } from "./protocol";

/** Id of no upload: that it is gone is answered whatever the disk, or an upload, waits for. */
export const NOBODY = "-";

/**
 * Milliseconds without an answer after which a socket is left. A process that is blocked by its app
 * looks the same if another process answers the question, and has the session: so it is long.
 */
export const LEFT_AFTER = 60_000;

export class Probe {
  private asked: PanelChannel | null = null;
  private unsent = 0;

  /** Ask by `channel`; if it was asked already, doubt it, and if that is `long` ago, leave it. */
  ask(channel: PanelChannel, long: boolean): void {
    const { unsent } = channel;
    const isMoving = unsent !== this.unsent; // slowly, with the question behind what is moving
    this.unsent = unsent;
    if (this.asked !== channel) {
      this.asked = channel;
      channel.send({ kind: "remove", id: NOBODY });
    } else channel.doubt(long && !isMoving);
  }

  /** Something has come. Tell whether `message` is nothing but the answer. */
  heard(message: ServerMessage): boolean {
    this.asked = null;
    return message.kind === "removed" && message.id === NOBODY;
  }
}
