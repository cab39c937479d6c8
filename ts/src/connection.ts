/** BokehJS's connection to the server, as far as an upload has to know of it. */

import { type BokehConnection, Reconnection } from "./reconnect";

/** Has a receiver of messages, which BokehJS and Panel keep when they connect anew. */
interface Receiving {
  _receiver?: object;
}

interface ConnectionEvent {
  connection?: WeakRef<Receiving & BokehConnection>;
}

export interface BokehDocument {
  config?: { reconnect_session?: boolean };
  roots(): Receiving[];
  on_event(event: string, callback: (document: unknown, event: ConnectionEvent) => void): void;
}

/** What the page does about a lost connection. */
export interface Uploads {
  connectionLost(document: BokehDocument): void;
  isUploading(): boolean;
}

const watched = new WeakMap<BokehDocument, Reconnection>();

/** Tell `uploads`, once for all views, whenever the socket of `document` is lost. */
export function watchConnection(document: BokehDocument, uploads: Uploads): Reconnection {
  const known = watched.get(document);
  if (known !== undefined) return known;
  const reconnects = () => document.config?.reconnect_session ?? false;
  const reconnection = new Reconnection(uploads.isUploading, reconnects);
  watched.set(document, reconnection);
  document.on_event("connection_lost", (_, { connection }) => {
    forgetHalfMessage(connection?.deref());
    uploads.connectionLost(document);
    reconnection.lost(connection);
  });
  document.on_event("client_reconnected", () => reconnection.restored());
  return reconnection;
}

/**
 * A message is several frames. If the socket dies between them, BokehJS (3.9, 3.10) takes the first
 * frame of the next socket for the rest of that message, and gives up: "First message was not an
 * ACK". The more it is sent, as acks where these are messages of Bokeh, the likelier. So it gets a
 * new receiver, as a new connection has.
 */
function forgetHalfMessage(connection: Receiving | undefined): void {
  const receiver = connection?._receiver;
  if (connection === undefined || receiver === undefined) return;
  const Receiver = receiver.constructor as new () => object;
  connection._receiver = new Receiver();
}

/** Tell whether `document` is shown by Panel's comm, whose manager is one of its roots. */
export function hasComm(document: BokehDocument): boolean {
  return document.roots().some((root) => root._receiver !== undefined);
}

/**
 * In a notebook, Panel sends the parts of a message one by one. If some are lost with Jupyter's
 * socket, its comm manager (a root of the document) takes parts of one message for those of
 * another, and understands nothing any more.
 */
export function forgetHalfMessages(document: BokehDocument): void {
  for (const root of document.roots()) forgetHalfMessage(root);
}
