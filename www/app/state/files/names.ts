/** A name that every file system takes, of whatever people call their things. */
export function fileName(name: string, ending = ""): string {
  const clean = name.replace(/[\u0000-\u001f<>:"/\\|?*\u202a-\u202e]/g, "_").replace(/^[.\s]+|[.\s]+$/g, "");
  return (clean.slice(0, 80) || "doodles") + ending;
}
