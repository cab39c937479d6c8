/** Which uploads the pages of this browser are at, by Web Locks: a page that is gone holds none. */

const PREFIX = "panel_chunked.upload.";

export class Underway {
  private readonly ends = new Map<string, () => void>();

  /** `locks` is null where there are none: only a secure context has them. */
  constructor(private readonly locks: LockManager | null) {}

  begin(id: string): void {
    if (this.locks === null || this.ends.has(id)) return;
    const ended = new Promise<void>((resolve) => this.ends.set(id, resolve));
    // Shared, since a page that takes an upload over does not wait for the other to see it.
    this.locks.request(PREFIX + id, { mode: "shared" }, () => ended).catch(() => undefined);
  }

  end(id: string): void {
    this.ends.get(id)?.();
    this.ends.delete(id);
  }

  /** Ids of what is under way in any page. */
  async ids(): Promise<Set<string>> {
    try {
      const { held = [], pending = [] } = (await this.locks?.query()) ?? {};
      const names = [...held, ...pending].map(({ name = "" }) => name);
      const ours = names.filter((name) => name.startsWith(PREFIX));
      return new Set(ours.map((name) => name.slice(PREFIX.length)));
    } catch {
      return new Set(); // forbidden, as in a sandboxed frame
    }
  }
}
