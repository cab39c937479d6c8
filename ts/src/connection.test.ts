import { describe, expect, test } from "vitest";
import { type BokehDocument, watchConnection } from "./connection";

class Receiver {
  half: string | null = null;
}

function openDocument() {
  const connection = { _receiver: new Receiver() };
  const callbacks: ((document: unknown, event: object) => void)[] = [];
  const document: BokehDocument = {
    on_event: (event, callback) => {
      expect(event).toBe("connection_lost");
      callbacks.push(callback);
    },
  };
  const lose = (event: object = { connection: new WeakRef(connection) }) => {
    for (const callback of callbacks) callback(document, event);
  };
  return { document, connection, lose };
}

describe("a lost connection", () => {
  test("is told once, however many views there are", () => {
    const { document, lose } = openDocument();
    let told = 0;
    watchConnection(document, () => told++);
    watchConnection(document, () => told++);
    lose();
    expect(told).toBe(1);
    lose();
    expect(told).toBe(2);
  });

  test("leaves no half message for the next socket", () => {
    const { document, connection, lose } = openDocument();
    watchConnection(document, () => undefined);
    connection._receiver.half = "header";
    lose();
    expect(connection._receiver).toBeInstanceOf(Receiver);
    expect(connection._receiver.half).toBeNull();
  });

  test("is told by a BokehJS that says less, too", () => {
    const { document, lose } = openDocument();
    let told = 0;
    watchConnection(document, () => told++);
    lose({});
    lose({ connection: new WeakRef({}) });
    expect(told).toBe(2);
  });
});
