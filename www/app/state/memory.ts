/** What was trained, as it is kept: the tuner's own file, and which doodle is which of its examples. */
export interface Memory {
  bytes: Uint8Array<ArrayBuffer>;
  /** In the order of the examples in the file. */
  examples: { doodleId: string; classId: string }[];
  /** Whether it was trained on just these doodles. */
  trained: boolean;
}
