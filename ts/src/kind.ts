/** What kind of file it is, by its type or the end of its name. */

export type Kind = "image" | "video" | "audio" | "archive" | "table" | "text" | "file";

/** A kind, which is what some types begin with, and ends of names. */
const KINDS = [
  "image png jpg jpeg",
  "video mp4 mkv mov",
  "audio mp3 wav",
  "archive zip tar gz tgz 7z xz",
  "table csv tsv xlsx parquet",
  "text txt pdf docx md",
].map((words) => words.split(" "));

export function kindOf(name: string, type: string): Kind {
  const end = name.toLowerCase().split(".").at(-1) ?? "";
  const found = KINDS.find((it) => it.includes(end) || type.startsWith(`${it[0]}/`));
  return (found?.[0] ?? "file") as Kind;
}
