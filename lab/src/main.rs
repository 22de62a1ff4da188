//! doodletune's native command line.

mod bench;
mod compare;
mod data;
mod eval;
mod options;
mod parallel;
mod pretrain;
mod statistics;
mod weights;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "lab", about = "Converts weights and measures what is learned from few drawings")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Converts published weights to a doodletune weight file
    Weights(weights::Arguments),
    /// Trains a backbone from random weights on real drawings
    Pretrain(pretrain::Arguments),
    /// Measures few-shot accuracy on real drawings
    Eval(eval::Arguments),
    /// Trains by several strategies on the same drawings, and compares them
    Compare(compare::Arguments),
    /// Measures how fast the workloads of the benchmark are natively
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Weights(arguments) => weights::run(&arguments),
        Command::Pretrain(arguments) => pretrain::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With its causes, on one line; where in the program it came from helps nobody.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
