/** Hands a file to the person: by the device's own way to share where there is a title, else as a download. */
export async function hand(name: string, content: Blob, title?: string): Promise<void> {
  const file = new File([content], name, { type: content.type });
  const touch = matchMedia("(pointer: coarse)").matches;
  if (title && touch && navigator.canShare?.({ files: [file] })) {
    // Whoever changes their mind there has said what they want.
    await navigator.share({ files: [file], title }).catch((error: Error) => {
      if (error.name !== "AbortError") download(file);
    });
  } else download(file);
}

function download(file: File): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  // The download has long begun by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
