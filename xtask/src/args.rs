//! The command line.

use crate::fuzz::TARGETS;
use crate::test::Part;
use crate::weights::BACKBONE;
use std::ffi::OsString;

/// A command line that was understood.
#[derive(Debug, PartialEq)]
pub struct Invocation {
    pub action: Action,
    /// Show everything that the programs say.
    pub verbose: bool,
}

/// What to do.
#[derive(Debug, PartialEq)]
pub enum Action {
    Help,
    Setup,
    Weights { force: bool },
    Package,
    Size,
    Docs,
    Serve { port: u16, host: bool },
    Test { parts: Vec<Part> },
    Bench { arguments: Vec<OsString> },
    Fuzz { target: Option<String>, seconds: u32 },
    Audit,
    Endure { script: &'static str, arguments: Vec<OsString> },
    Lab { command: String, arguments: Vec<OsString> },
}

/// Name, arguments and meaning of each command; the help and the messages are made from it.
const COMMANDS: [(&str, &str, &str); 16] = [
    ("serve", "[--port 8080] [--host]", "set up, build, and serve the page; --host also to the network"),
    ("test", "[--only native|web|package|e2e]…", "set up and run all the tests, or some parts"),
    ("setup", "", "find or install the tools and the npm packages"),
    ("weights", "efficientnet-lite0 [--force]", "add this network: download its weights and convert them"),
    ("package", "", "build the npm package into pkg/"),
    ("bench", "[--only TEXT]… [--json|--markdown FILE]", "measure speed in Chromium, beside other libraries"),
    ("size", "", "how much a page loads to use the package, compressed"),
    ("docs", "", "write what docs/ says of the npm package's API anew"),
    ("fuzz", "[weights|project|…] [--seconds 60]", "feed the readers of files what they cannot have expected"),
    ("faults", "[--rounds 200] [--seed 1]", "let workers, GPUs and storage fail, again and again"),
    ("soak", "[--minutes 45] [--seed 1]", "use two devices for a long time, and measure the memory"),
    ("measure", "start|workers|growth|memory|leaks […]", "measure how that goes in Chromium, see docs/performance.md"),
    ("audit", "", "look for known faults of the dependencies, and at their licences"),
    ("eval", "…", "run `lab eval` with these arguments, in release"),
    ("compare", "…", "run `lab compare` with these arguments, in release"),
    ("help", "", "show this"),
];

/// What `cargo xtask measure` can measure: scripts of `tests/endurance`.
const MEASURES: [&str; 5] = ["start", "workers", "growth", "memory", "leaks"];

/// The text of `cargo xtask help`.
pub fn help() -> String {
    let mut text = String::from("Usage: cargo xtask <command> [--verbose]\n\n");
    for (name, arguments, meaning) in COMMANDS {
        let usage = format!("{name} {arguments}");
        text += &format!("  {usage:<45} {meaning}\n");
    }
    text + "\n--verbose shows everything that the programs behind a step print.\n"
}

/// Understands the arguments after `cargo xtask`, or says what is allowed.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, String> {
    let mut arguments = arguments.into_iter();
    let command = arguments.next().ok_or_else(|| format!("a command is missing\n\n{}", help()))?;
    let command = utf8(command)?;
    // Not ours to judge: these have their own command lines.
    if command == "eval" || command == "compare" {
        return Ok(Invocation { action: Action::Lab { command, arguments: arguments.collect() }, verbose: false });
    }
    if command == "bench" {
        return Ok(Invocation { action: Action::Bench { arguments: arguments.collect() }, verbose: false });
    }
    // Nor what the scripts understand by themselves.
    let script = match command.as_str() {
        "faults" => Some("run-faults"),
        "soak" => Some("soak"),
        "measure" => {
            let what = arguments.next().map_or(Ok(String::new()), utf8)?;
            let script = MEASURES.into_iter().find(|script| *script == what);
            Some(script.ok_or_else(|| format!("`measure` takes one of {}", MEASURES.join(", ")))?)
        }
        _ => None,
    };
    if let Some(script) = script {
        let action = Action::Endure { script, arguments: arguments.collect() };
        return Ok(Invocation { action, verbose: false });
    }
    let arguments = arguments.map(utf8).collect::<Result<Vec<_>, _>>()?;
    let mut options = Options::new(arguments);
    let verbose = options.flag("--verbose");
    let action = match command.as_str() {
        "help" | "--help" | "-h" => Action::Help,
        _ if options.flag("--help") => return Ok(Invocation { action: Action::Help, verbose }),
        "setup" => Action::Setup,
        "package" => Action::Package,
        "size" => Action::Size,
        "docs" => Action::Docs,
        "audit" => Action::Audit,
        "fuzz" => {
            let seconds = options.value("--seconds")?.map_or(Ok(60), |text| seconds(&text))?;
            let target = options.word();
            if let Some(name) = target.as_deref().filter(|name| !TARGETS.contains(name)) {
                let hint = suggest(name, &TARGETS);
                return Err(format!("there is no target `{name}`{hint}; there are {}", TARGETS.join(", ")));
            }
            Action::Fuzz { target, seconds }
        }
        "weights" => {
            let force = options.flag("--force");
            match options.word().as_deref() {
                Some(BACKBONE) => Action::Weights { force },
                Some(other) => return Err(format!("there are no weights called `{other}`; there is: {BACKBONE}")),
                None => return Err(format!("the name of the weights is missing; there is: {BACKBONE}")),
            }
        }
        "serve" => {
            let port = options.value("--port")?.map_or(Ok(8080), |text| port(&text))?;
            Action::Serve { port, host: options.flag("--host") }
        }
        "test" => {
            let mut parts = Vec::new();
            while let Some(name) = options.value("--only")? {
                parts.push(part(&name)?);
            }
            Action::Test { parts: if parts.is_empty() { Part::ALL.to_vec() } else { parts } }
        }
        unknown => {
            let names = COMMANDS.map(|(name, ..)| name);
            return Err(format!("there is no command `{unknown}`{}\n\n{}", suggest(unknown, &names), help()));
        }
    };
    options.finish(&command)?;
    Ok(Invocation { action, verbose })
}

fn utf8(argument: OsString) -> Result<String, String> {
    argument.into_string().map_err(|argument| format!("{argument:?} is no valid text"))
}

fn port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(port @ 1..) => Ok(port),
        _ => Err(format!("`{text}` is no port: --port takes a number from 1 to 65535")),
    }
}

fn seconds(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(seconds @ 1..) => Ok(seconds),
        _ => Err(format!("`{text}` is no time: --seconds takes a whole number from 1")),
    }
}

fn part(name: &str) -> Result<Part, String> {
    let names = Part::ALL.map(Part::name);
    Part::ALL
        .into_iter()
        .find(|part| part.name() == name)
        .ok_or_else(|| format!("--only takes one of {}, not `{name}`{}", names.join(", "), suggest(name, &names)))
}

/// The arguments that nobody has asked for yet, and the options that somebody asked for.
struct Options {
    rest: Vec<String>,
    known: Vec<&'static str>,
}

impl Options {
    fn new(rest: Vec<String>) -> Self {
        Self { rest, known: Vec::new() }
    }

    /// Takes `--name`.
    fn flag(&mut self, name: &'static str) -> bool {
        self.known.push(name);
        let before = self.rest.len();
        self.rest.retain(|argument| argument != name);
        self.rest.len() < before
    }

    /// Takes the first `--name value` or `--name=value`.
    fn value(&mut self, name: &'static str) -> Result<Option<String>, String> {
        self.known.push(name);
        let given = |argument: &String| argument.split('=').next() == Some(name);
        let Some(index) = self.rest.iter().position(given) else { return Ok(None) };
        let option = self.rest.remove(index);
        match option.split_once('=') {
            Some((_, value)) => Ok(Some(value.to_owned())),
            None if index < self.rest.len() => Ok(Some(self.rest.remove(index))),
            None => Err(format!("{name} needs a value")),
        }
    }

    /// Takes the first argument that is no option.
    fn word(&mut self) -> Option<String> {
        let index = self.rest.iter().position(|argument| !argument.starts_with('-'))?;
        Some(self.rest.remove(index))
    }

    /// Refuses what is left.
    fn finish(mut self, command: &str) -> Result<(), String> {
        let Some(argument) = self.rest.first() else { return Ok(()) };
        self.known.dedup();
        let hint = suggest(argument, &self.known);
        Err(format!("`{command}` does not take `{argument}`{hint}; it takes {}", self.known.join(", ")))
    }
}

/// ` (did you mean …?)` when a name is near enough.
fn suggest(wrong: &str, names: &[&str]) -> String {
    let near = names.iter().map(|name| (distance(wrong, name), name)).min();
    near.filter(|(distance, _)| *distance <= 2).map_or(String::new(), |(_, name)| format!(" (did you mean `{name}`?)"))
}

/// How many characters have to be added, removed or replaced (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in b.iter().enumerate() {
            let cost = (diagonal + usize::from(a != *b)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Invocation, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn action(line: &str) -> Action {
        parsed(line).unwrap().action
    }

    fn refusal(line: &str) -> String {
        parsed(line).unwrap_err()
    }

    #[test]
    fn options_come_in_any_order_and_both_spellings() {
        assert_eq!(action("serve"), Action::Serve { port: 8080, host: false });
        assert_eq!(action("serve --host --port 9000"), Action::Serve { port: 9000, host: true });
        assert_eq!(action("serve --port=9000"), Action::Serve { port: 9000, host: false });
        assert_eq!(action("weights --force efficientnet-lite0"), Action::Weights { force: true });
        assert_eq!(action("test --only web --only e2e"), Action::Test { parts: vec![Part::Web, Part::EndToEnd] });
        let fuzz = Action::Fuzz { target: Some("project".into()), seconds: 5 };
        assert_eq!(action("fuzz --seconds 5 project"), fuzz);
        assert!(parsed("test --verbose").unwrap().verbose);
    }

    #[test]
    fn what_is_wrong_is_refused_with_what_is_right() {
        assert!(refusal("").contains("serve"));
        assert!(refusal("sevre").contains("did you mean `serve`?"));
        assert!(refusal("serve --prot 1").contains("did you mean `--port`?"));
        assert!(refusal("serve --port 0").contains("from 1 to 65535"));
        assert!(refusal("serve --port").contains("needs a value"));
        assert!(refusal("test --only unit").contains("native, web, package, e2e"));
        assert!(refusal("weights resnet").contains(BACKBONE));
        assert!(refusal("fuzz projects").contains("did you mean `project`?"));
        assert!(refusal("fuzz --seconds 0").contains("from 1"));
        assert!(refusal("setup now").contains("does not take `now`"));
    }

    #[test]
    fn the_lab_gets_everything() {
        for command in ["eval", "compare"] {
            let arguments = vec!["--data".into(), "x".into(), "--help".into()];
            let passed = Action::Lab { command: command.into(), arguments };
            assert_eq!(action(&format!("{command} --data x --help")), passed);
        }
    }
}
