/** Have an element let go of a file, whose object URL it shows. */
export function unload(element: HTMLImageElement | HTMLMediaElement): void {
  URL.revokeObjectURL(element.src);
  element.removeAttribute("src");
  if ("load" in element) element.load(); // else it keeps what it has loaded
}
