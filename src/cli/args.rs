//! What may be written on the command line.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::engine::{Limits, Profile};
use crate::session::{Options, TableInput, TableSource};
use crate::source::{FolderStore, Store, memory_held};

/// Competing definitions of one word: where they disagree, and who is affected.
#[derive(Debug, Parser)]
#[command(name = "parallax", version, about, max_term_width = 100, before_help = EXAMPLES)]
pub(super) struct Cli {
    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
  parallax report rulesets/customer           where do the definitions part?
  parallax check rulesets/customer            is the ruleset sound?
  parallax test rulesets/customer             do its scenarios hold?";

/// When to use colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Where definitions disagree, who is affected and why.
    Report(ReportArgs),
    /// One row per subject with what each lens says.
    Run(RunArgs),
    /// Why each lens says what it says of one subject.
    Explain(ExplainArgs),
    /// Who moves when facts change, from what to what, and why.
    #[command(name = "whatif")]
    WhatIf(WhatIfArgs),
    /// Find errors and doubtful places in a ruleset.
    Check(CheckArgs),
    /// Check expectations and constraints.
    Test(TestArgs),
    /// Lay rulesets out in the one style.
    Fmt(FmtArgs),
    /// Show what a stage makes of a ruleset.
    Dump(DumpArgs),
    /// List what a ruleset declares.
    Ls(PathArgs),
    /// Explain a code such as PX0401.
    Code {
        /// The code.
        code: String,
    },
    /// Print the JSON Schema of what `--format json` prints.
    Schema {
        /// Of which command's answer.
        #[arg(value_enum, default_value_t = SchemaOf::Report)]
        of: SchemaOf,
    },
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// What there is a schema of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum SchemaOf {
    /// `report`.
    Report,
    /// `report --sweep`.
    Sweep,
    /// `explain`.
    Explanation,
    /// `whatif`.
    #[value(name = "whatif")]
    WhatIf,
}

#[derive(Debug, Args)]
pub(super) struct PathArgs {
    /// A .lens file or a folder of them.
    pub path: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct WorldArgs {
    /// Set a parameter, as in `--set window=60`.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Read another file for a table, as in `--facts payments.csv=new.csv`; `-` is standard input.
    #[arg(long, value_name = "[NAME=]PATH")]
    pub facts: Vec<String>,
    /// Let tables lie in this folder too, beside the ruleset's own.
    #[arg(long, value_name = "FOLDER")]
    pub allow_path: Vec<PathBuf>,
    /// Let the ruleset ask databases over the network.
    #[arg(long)]
    pub allow_network: bool,
    /// The most facts rules may derive.
    #[arg(long, value_name = "N", default_value_t = Limits::default().facts)]
    pub max_facts: u64,
    /// The most rounds a loop of rules may take.
    #[arg(long, value_name = "N", default_value_t = Limits::default().rounds)]
    pub max_rounds: u32,
    /// The most seconds it may take.
    #[arg(long, value_name = "SECONDS")]
    pub max_time: Option<u64>,
    /// The most memory it may hold, as in 2GiB or 800MB.
    #[arg(long, value_name = "SIZE", value_parser = super::size::parse)]
    pub max_memory: Option<u64>,
    /// Keep the facts of tables for the next run, in this folder; without one in that of `PARALLAX_CACHE`,
    /// else in the user's cache folder.
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub cache: Option<OsString>,
    /// The most bytes kept in that folder.
    #[arg(long, value_name = "SIZE", value_parser = super::size::parse, default_value = "4GiB")]
    pub cache_size: u64,
    /// Say on standard error what each part of the work took.
    #[arg(long)]
    pub profile: bool,
}

impl WorldArgs {
    /// What these arguments mean; reads standard input where it stands for a table.
    pub fn options(&self) -> Result<Options, String> {
        let time = self.max_time.map(Duration::from_secs);
        let profile = if self.profile { Profile::gathering(memory_held) } else { Profile::default() };
        let mut tables = Vec::new();
        for text in &self.facts {
            let (name, path) =
                text.split_once('=').map_or((None, text.as_str()), |(name, path)| (Some(name), path));
            let source = if path == "-" {
                let mut bytes = Vec::new();
                let read = std::io::stdin().lock().read_to_end(&mut bytes);
                read.map_err(|error| format!("standard input cannot be read: {error}"))?;
                TableSource::Bytes(bytes)
            } else {
                TableSource::File(PathBuf::from(path))
            };
            let own = Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
            let name = name.map(str::to_owned).or(own).filter(|_| path != "-" || name.is_some());
            let Some(name) = name else {
                return Err(format!("--facts {text}: say which table it is, as in `--facts payments.csv=-`"));
            };
            tables.push(TableInput { name, source });
        }
        Ok(Options {
            set: self.set.clone(),
            tables,
            splits: false,
            holds: crate::verdict::Holds::default(),
            scope: crate::verdict::Scope::All,
            compared: None,
            profile: Arc::new(profile),
            allow_paths: self.allow_path.clone(),
            allow_network: self.allow_network,
            limits: Limits {
                facts: self.max_facts,
                rounds: self.max_rounds,
                time,
                memory: self.max_memory,
                ..Limits::default()
            },
            cache: self.store()?,
        })
    }

    /// Where facts are kept, if they are to be.
    fn store(&self) -> Result<Option<Arc<dyn Store>>, String> {
        let Some(named) = &self.cache else { return Ok(None) };
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = Some(PathBuf::from(named))
            .filter(|named| !named.as_os_str().is_empty())
            .or_else(|| set("PARALLAX_CACHE"))
            .or_else(|| {
                set("XDG_CACHE_HOME").filter(|base| base.is_absolute()).map(|base| base.join("parallax"))
            })
            .or_else(|| set("HOME").map(|home| home.join(".cache/parallax")))
            .ok_or("--cache: there is no home folder; name one as in `--cache=DIR`")?;
        Ok(Some(Arc::new(FolderStore::new(folder, self.cache_size))))
    }
}

/// A form of the report.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum ReportFormat {
    /// For people.
    Text,
    /// Markdown.
    Md,
    /// `parallax/report@1`.
    Json,
    /// The patterns.
    Csv,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// A .lens file or a folder of them.
    pub path: PathBuf,
    /// The form on standard output.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// Also write the report to a file, as in `--out json=report.json`.
    #[arg(long, value_name = "FORMAT=PATH")]
    pub out: Vec<String>,
    /// Compare only these lenses.
    #[arg(long, value_delimiter = ',', value_name = "LENS,LENS")]
    pub lenses: Vec<String>,
    /// Compare only the lenses of a panel.
    #[arg(long)]
    pub panel: Option<String>,
    /// The verdict of interest.
    #[arg(long, value_name = "VERDICT")]
    pub focus: Option<String>,
    /// Only this question, named by its first verdict.
    #[arg(long)]
    pub question: Option<String>,
    /// How many patterns text and Markdown list, the most frequent first.
    #[arg(long, value_name = "N", default_value_t = crate::report::PATTERNS)]
    pub patterns: usize,
    /// Also count by a declared `slice`.
    #[arg(long, value_name = "SLICE")]
    pub by: Option<String>,
    /// What each lens says at several values of a parameter, as in `--sweep window=30..120:10`, and who flips.
    #[arg(long, value_name = "NAME=FROM..TO:STEP", conflicts_with_all = ["fail_on", "by"])]
    pub sweep: Option<String>,
    /// Fail (exit 1) where this is met, as in 'differ(kde, mier) > 5%' or 'never'.
    #[arg(long, value_name = "CONDITION")]
    pub fail_on: Vec<String>,
    #[command(flatten)]
    pub world: WorldArgs,
}

/// A form of the rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum RowFormatArg {
    /// Comma-separated.
    Csv,
    /// One JSON object per line.
    Jsonl,
    /// Parquet; a build without it says so.
    Parquet,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// A .lens file or a folder of them.
    pub path: PathBuf,
    /// The form.
    #[arg(long, value_enum, default_value_t = RowFormatArg::Csv)]
    pub format: RowFormatArg,
    /// Write to this file instead of standard output.
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// Only some subjects, as in 'differ(kde, mier)'.
    #[arg(long, value_name = "CONDITION")]
    pub only: Option<String>,
    /// The question, named by its first verdict, where there are several.
    #[arg(long)]
    pub question: Option<String>,
    /// Add the deciding rows and open outcomes.
    #[arg(long)]
    pub reasons: bool,
    #[command(flatten)]
    pub world: WorldArgs,
}

/// A form of an explanation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum ExplainFormat {
    /// For people.
    Text,
    /// Markdown.
    Md,
    /// `parallax/explanation@1`.
    Json,
    /// A graph of the proofs for Graphviz.
    Dot,
    /// The same for Mermaid.
    Mermaid,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A .lens file or a folder of them.
    pub path: PathBuf,
    /// The subject, its names in slot order, as in "council, charity".
    pub who: Option<String>,
    /// A name of the subject by its slot, as in `--subject party=council`.
    #[arg(long, value_name = "SLOT=NAME")]
    pub subject: Vec<String>,
    /// Only these lenses.
    #[arg(long, value_delimiter = ',', value_name = "LENS,LENS")]
    pub lens: Vec<String>,
    /// Where two lenses part.
    #[arg(long, value_delimiter = ',', value_name = "LENS,LENS")]
    pub vs: Vec<String>,
    /// The question, named by its first verdict, where there are several.
    #[arg(long)]
    pub question: Option<String>,
    /// All steps, down to the facts.
    #[arg(long)]
    pub tree: bool,
    /// Look for sets of up to so many changes of facts after which a lens says something else; at most 8.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = RangedU64ValueParser::<usize>::new().range(0..=8))]
    pub changes: usize,
    /// Replay everything claimed over the facts alone, and say what was replayed.
    #[arg(long)]
    pub verify: bool,
    /// The form on standard output.
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub format: ExplainFormat,
    /// In the world of this scenario, where the ruleset has no facts of its own.
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// How many steps a search may take before it says that it stopped; those for changes go round all lenses.
    #[arg(long, value_name = "N", default_value_t = 2_000_000)]
    pub budget: u64,
    #[command(flatten)]
    pub world: WorldArgs,
}

/// A form of what moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum WhatIfFormat {
    /// For people.
    Text,
    /// Markdown.
    Md,
    /// `parallax/whatif@1`.
    Json,
    /// A row per lens and subject that moves.
    Csv,
}

#[derive(Debug, Args)]
pub(super) struct WhatIfArgs {
    /// A .lens file or a folder of them.
    pub path: PathBuf,
    /// A fact that is stated then, as in --add 'council uses advocacy'; names may be new.
    #[arg(long, value_name = "SENTENCE", allow_hyphen_values = true)]
    pub add: Vec<String>,
    /// A fact that nobody states any more.
    #[arg(long, value_name = "SENTENCE", allow_hyphen_values = true)]
    pub remove: Vec<String>,
    /// A file with a change per line: `+` and a fact that is added, `-` and one that is taken away; `-` is
    /// standard input.
    #[arg(long, value_name = "FILE")]
    pub changes: Vec<PathBuf>,
    /// In the world of this scenario, where the ruleset has no facts of its own.
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// Only this question, named by its first verdict.
    #[arg(long)]
    pub question: Option<String>,
    /// Only these lenses.
    #[arg(long, value_delimiter = ',', value_name = "LENS,LENS")]
    pub lens: Vec<String>,
    /// How many subjects are named per lens and move; all but on a terminal, where it is 5.
    #[arg(long, value_name = "N")]
    pub max_examples: Option<usize>,
    /// The form on standard output.
    #[arg(long, value_enum, default_value_t = WhatIfFormat::Text)]
    pub format: WhatIfFormat,
    /// Have a checker replay everything claimed over the facts of both worlds alone.
    #[arg(long)]
    pub verify: bool,
    /// Exit with 1 where a constraint is newly broken for certain.
    #[arg(long, value_enum, value_name = "CONDITION")]
    pub fail_on: Option<WhatIfGate>,
    /// How many steps the search may take before everything is evaluated anew.
    #[arg(long, value_name = "N", default_value_t = 5_000_000)]
    pub budget: u64,
    #[command(flatten)]
    pub world: WorldArgs,
}

/// What `whatif` may be gated on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum WhatIfGate {
    /// A constraint is newly broken.
    Never,
}

/// A form of diagnostics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum DiagnosticFormat {
    /// With the lines of the source.
    Graphic,
    /// In sentences, for screen readers.
    Narrated,
    /// One line each.
    Short,
    /// `parallax/diagnostics@1`.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// GitHub's workflow commands.
    Github,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// A .lens file or a folder of them.
    pub path: PathBuf,
    /// Apply repairs that keep the meaning.
    #[arg(long)]
    pub fix: bool,
    /// The form on standard output.
    #[arg(long, value_enum, default_value_t = DiagnosticFormat::Graphic)]
    pub format: DiagnosticFormat,
}

/// A form of test results.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum TestFormat {
    /// For people.
    Text,
    /// `parallax/test@1`.
    Json,
}

#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// A .lens file or a folder of them.
    pub path: PathBuf,
    /// The form on standard output.
    #[arg(long, value_enum, default_value_t = TestFormat::Text)]
    pub format: TestFormat,
    #[command(flatten)]
    pub world: WorldArgs,
}

#[derive(Debug, Args)]
pub(super) struct FmtArgs {
    /// Files or folders; `-` for standard input.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Change nothing; fail where something would be changed.
    #[arg(long)]
    pub check: bool,
}

/// A stage to show.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Stage {
    /// The text in stretches.
    Tree,
    /// The syntax.
    Ast,
    /// The checked ruleset.
    Model,
    /// The order of evaluation, and how each body is searched by the counts of the facts.
    Plan,
}

#[derive(Debug, Args)]
pub(super) struct DumpArgs {
    /// A .lens file or a folder of them.
    pub path: PathBuf,
    /// The stage.
    #[arg(long, value_enum, default_value_t = Stage::Model)]
    pub stage: Stage,
    #[command(flatten)]
    pub world: WorldArgs,
}
