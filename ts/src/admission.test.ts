import { describe, expect, it } from "vitest";
import { makeFile, pattern, picked } from "../tests/files";
import { ended, setUp, states, upload } from "../tests/queue";
import { quiet } from "../tests/waiting";

describe("limits", () => {
  it("refuse a file before anything is sent", async () => {
    const { server, queue } = setUp({ accept: [".csv"], max_file_size: 20 });
    queue.add(picked(makeFile(1, "a.exe"), makeFile(21, "b.csv"), makeFile(20, "c.csv")));
    await ended(queue);
    expect(states(queue)).toEqual(["refused", "refused", "complete"]);
    expect(server.uploads.map(({ facts }) => facts.name)).toEqual(["c.csv"]);
  });

  it("count what is there and what is under way", async () => {
    const { queue } = setUp({ max_files: 3, max_total_size: 100 });
    queue.add(picked(makeFile(50, "1")));
    await ended(queue);
    queue.add(picked(makeFile(40, "2"), makeFile(11, "3"), makeFile(10, "4"), makeFile(0, "5")));
    await ended(queue);
    expect(states(queue)).toEqual(["complete", "complete", "refused", "complete", "refused"]);
  });

  it("refuse all files but one in a widget for a single file", async () => {
    const { server, queue } = setUp({ multiple: false });
    queue.add(picked(makeFile(5, "1"), makeFile(5, "2"), makeFile(5, "3")));
    await ended(queue);
    expect(states(queue)).toEqual(["complete", "refused", "refused"]);
    expect(upload(queue, "2").state.value).toMatchObject({ failure: { limit: 1 } });
    expect(server.uploads).toHaveLength(1);
  });

  it("are those of the moment", async () => {
    const { server, queue } = setUp();
    server.set({ max_file_size: 5 });
    queue.add(picked(makeFile(6)));
    expect(states(queue)).toEqual(["refused"]);
  });

  it("let nothing in while the widget is disabled", async () => {
    const { server, queue } = setUp({ disabled: true });
    queue.add(picked(makeFile(6)));
    await quiet();
    expect(queue.uploads.value).toEqual([]);
    expect(server.sent("create")).toEqual([]);
  });

  it("of the server are shown with its words", async () => {
    const { queue } = setUp({}, { refuse: ({ name }) => (name === "b" ? "not_accepted" : null) });
    queue.add(picked(makeFile(5, "a"), makeFile(5, "b"), makeFile(5, "c")));
    await ended(queue);
    expect(states(queue)).toEqual(["complete", "refused", "complete"]);
    expect(upload(queue, "b").state.value).toMatchObject({ failure: { message: "Refused." } });
  });
});

describe("a single file", () => {
  it("takes the place of the one that runs", async () => {
    const { server, queue } = setUp({ multiple: false, max_files: 1 }, { auto: false });
    queue.add(picked(makeFile(200, "old")));
    server.answerAll();
    queue.add(picked(makeFile(20, "new")));
    server.auto = true;
    server.answerAll();
    await ended(queue);
    expect(server.upload("old").state).toBe("freed");
    expect(server.bytes("new")).toEqual(pattern(20));
  });
});
