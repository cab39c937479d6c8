/** Where uploads send to, from when the server has welcomed the page. */

import type { ChunkCap } from "./cap";
import type { Channel } from "./channel";
import { CHUNKS_IN_NOTEBOOK, CHUNKS_IN_WINDOW, CHUNKS_ONE_BY_ONE } from "./pacer";
import type { Welcome } from "./protocol";
import type { Buffers } from "./reader";
import type { Window } from "./window";

/** Chunks in a full window, by what carries them. */
const CHUNKS = { socket: CHUNKS_IN_WINDOW, comm: CHUNKS_IN_NOTEBOOK, ipywidget: CHUNKS_ONE_BY_ONE };

export interface Link {
  channel: Channel;
  window: Window;
  cap: ChunkCap;
  /** Whether it leads to a kernel: chunks are kept until they are sent, perhaps in one message. */
  isNotebook: boolean;
  /** Bytes that one message takes at most. */
  maxChunkSize: number;
  buffers: Buffers;
}

/**
 * Open what the server allows, as far as the way is known to take it: chunks no larger than by
 * `chunkCap`, or in a notebook no more at once than by `inFlightCap`.
 */
export function openLink(
  channel: Channel & { readonly head: number },
  window: Window,
  welcome: Welcome,
  chunkCap: ChunkCap,
  inFlightCap: ChunkCap,
): Link {
  const isNotebook = welcome.transport !== "socket";
  const cap = isNotebook ? inFlightCap : chunkCap;
  const inFlight = isNotebook ? cap.limit(welcome.max_in_flight) : welcome.max_in_flight;
  const mostInOne = isNotebook ? Math.ceil(inFlight / 2) : cap.limit(welcome.max_chunk_size);
  const maxChunkSize = Math.min(welcome.max_chunk_size, mostInOne);
  const buffers = { reuse: !isNotebook, head: channel.head };
  window.limit(inFlight, CHUNKS[welcome.transport]);
  return { channel, window, cap, isNotebook, maxChunkSize, buffers };
}
