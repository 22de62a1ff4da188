//! Running other programs.

use crate::failure::{Context, Failure, Result};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;

/// Runs a command to its end, hands over each line as it comes, and returns all that it printed, both streams in the
/// order of arrival. An exit status other than 0 is a failure that carries the output.
pub fn run(command: &mut Command, mut on_line: impl FnMut(&str)) -> Result<String> {
    let name = describe(command);
    // Nothing here may wait for an answer: a question that nobody sees looks like a hang.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context(format_args!("start {name}"))?;
    let (sender, lines) = mpsc::channel();
    let pipes: [Option<Box<dyn Read + Send>>; 2] =
        [child.stdout.take().map(|pipe| Box::new(pipe) as _), child.stderr.take().map(|pipe| Box::new(pipe) as _)];
    for pipe in pipes.into_iter().flatten() {
        let sender = sender.clone();
        thread::spawn(move || forward(pipe, &sender));
    }
    drop(sender);

    let mut output = String::new();
    for line in lines {
        on_line(&line);
        output.push_str(&line);
        output.push('\n');
    }
    let status = child.wait().context(format_args!("wait for {name}"))?;
    if status.success() {
        Ok(output)
    } else {
        Err(Failure { sentence: format!("`{name}` failed ({status}); its output is above"), output })
    }
}

/// Runs a command in our place, with our terminal, and passes its exit code on.
pub fn replace(command: &mut Command) -> Result<ExitCode> {
    let status = command.status().context(format_args!("start {}", describe(command)))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Sends the lines of a pipe. Progress bars return the carriage instead of ending the line; they count as lines.
fn forward(pipe: impl Read, sender: &Sender<String>) {
    let mut reader = BufReader::new(pipe);
    let mut bytes = Vec::new();
    while matches!(reader.read_until(b'\n', &mut bytes), Ok(1..)) {
        let text = String::from_utf8_lossy(&bytes);
        let line = text.trim_end().rsplit('\r').next().unwrap_or_default();
        if sender.send(line.to_owned()).is_err() {
            return;
        }
        bytes.clear();
    }
}

/// The command as a person would type it, without the folder of the program.
fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
