/** The buffers of a value, of its members, or of the members of each in a list: what moves when it is sent, uncopied. */
export function buffersOf(value: unknown): ArrayBufferLike[] {
  const parts: unknown[] = Array.isArray(value) ? value : [value];
  const members = parts.flatMap((part) => (ArrayBuffer.isView(part) ? part : Object.values(part ?? {})));
  return members.filter((member) => ArrayBuffer.isView(member)).map(({ buffer }) => buffer);
}
