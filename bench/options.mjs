// The command line.

const HELP = `Measures doodletune and the libraries it is compared with, in one page of one headless Chromium.

Usage: cargo xtask bench [--only TEXT]… [--json FILE] [--markdown FILE]

  --only TEXT   only rows with TEXT in the name of the workload, the library or the device; may be repeated:
                --only step --only doodletune --only cpu
  --json FILE   write the rows there too
  --markdown FILE
                write them there as the table of docs/performance.md: medians, and in brackets the fastest runs
`;

/** `{ only, json, markdown }` of the arguments. Ends the program for --help and for what it does not understand. */
export function options(given) {
  const options = { only: [] };
  const queue = given.flatMap((argument) => (/^--\w+=/.test(argument) ? split(argument) : [argument]));
  while (queue.length > 0) {
    const option = queue.shift();
    if (option === "--help") {
      console.log(HELP);
      process.exit(0);
    }
    if (!["--only", "--json", "--markdown"].includes(option))
      fail(`\`bench\` does not take \`${option}\`; it takes --only, --json, --markdown`);
    const value = queue.shift();
    if (!value) fail(`${option} needs a value`);
    if (option === "--only") options.only.push(value);
    else options[option.slice(2)] = value;
  }
  return options;
}

const split = (argument) => [
  argument.slice(0, argument.indexOf("=")),
  argument.slice(argument.indexOf("=") + 1),
];

/**
 * The rows that are asked for. Texts that are found in the same field are alternatives, in different ones conditions:
 * `cpu` and `step` are all steps on the CPU, `forward` and `step` are both.
 */
export function choose(rows, only) {
  const fields = ["workload", "subject", "device"].map((field) => (row) => row[field]);
  const stranger = only.find(
    (text) => !rows.some((row) => fields.some((field) => field(row).includes(text))),
  );
  if (stranger) {
    const names = fields.map((field) => [...new Set(rows.map(field))].join(", ")).join("\n");
    fail(`--only ${stranger}: there is no such row. There are\n${names}`);
  }
  return rows.filter((row) =>
    fields.every((field) => {
      const texts = only.filter((text) => rows.some((row) => field(row).includes(text)));
      return texts.length === 0 || texts.some((text) => field(row).includes(text));
    }),
  );
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(2);
}
