/** Icons, drawn in the colour of the text around them; the text says what they mean. */

const PATHS = {
  upload:
    "M12 16V4m0 0-4.5 4.5M12 4l4.5 4.5M4 16v2.5A1.5 1.5 0 0 0 5.5 20h13a1.5 1.5 0 0 0 1.5-1.5V16",
  close: "m7 7 10 10M17 7 7 17",
  remove: "M5 7h14M10 7V5h4v2m-7 0 .7 11.2a1 1 0 0 0 1 .8h6.6a1 1 0 0 0 1-.8L17 7",
  retry: "M19 12a7 7 0 1 1-2.05-4.95L19 9.1M19 4v5.1h-5.1",
  file: "M6.5 3.5H14l4 4v13H6.5ZM14 3.5v4h4",
  text: "M6.5 3.5H14l4 4v13H6.5ZM14 3.5v4h4M10 12h4m-4 4h4",
  image: "M4 5h16v14H4Zm0 11 5-5 7 7m0-9v.01",
  video: "M3 6h12v12H3Zm12 5 6-3v8l-6-3",
  audio: "M5 17a3 3 0 1 0 6 0 3 3 0 1 0-6 0m6 0V4l7 4",
  archive: "M4 5h16v4H4Zm2 4v11h12V9m-8 4h4",
  table: "M4 5h16v14H4Zm0 5h16M4 14h16M10 5v14",
  done: "m5 12.5 4.5 4.5L19 7.5",
  warning: "M12 5v8m0 5.5v.01",
  record: "M6 12a6 6 0 1 0 12 0 6 6 0 1 0-12 0",
  pause: "M8.5 5.5v13m7-13v13",
  go: "M8 5.5v13L18.5 12Z",
  stop: "M6.5 6.5h11v11h-11Z",
  info: "M3.5 12a8.5 8.5 0 1 0 17 0 8.5 8.5 0 1 0-17 0M12 11v5m0-8.2v.01",
};

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
