//! Random rulesets with facts, as texts, from a seed. Every construct of the language comes up; each
//! text keeps the rules of section 4 of the reference by construction. Kinds and relations are always
//! the same; what is said with them is random.

mod body;

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A small generator of random numbers: the same numbers for the same seed on every machine.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() >> 11) as usize % end.max(1)
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Sort {
    T,
    U,
    Number,
    Date,
    Flag,
}

/// A relation: its sentence with `%` for slots, the slots' sorts.
struct Relation {
    sentence: &'static str,
    slots: &'static [Sort],
}

const STATED: [Relation; 10] = [
    Relation { sentence: "% likes %", slots: &[Sort::T, Sort::U] },
    Relation { sentence: "% knows %", slots: &[Sort::T, Sort::T] },
    Relation { sentence: "% shines", slots: &[Sort::T] },
    Relation { sentence: "% owns %", slots: &[Sort::T, Sort::U] },
    Relation { sentence: "% has % points", slots: &[Sort::T, Sort::Number] },
    Relation { sentence: "% rated % with %", slots: &[Sort::T, Sort::U, Sort::Number] },
    // The other reading of `owns`.
    Relation { sentence: "% is owned by %", slots: &[Sort::U, Sort::T] },
    Relation { sentence: "% joined on %", slots: &[Sort::T, Sort::Date] },
    Relation { sentence: "% opted in %", slots: &[Sort::T, Sort::Flag] },
    // Its value may be missing.
    Relation { sentence: OPEN, slots: &[Sort::T, Sort::Number] },
];
const OPEN: &str = "% scored %";
const DERIVED: [Relation; 11] = [
    Relation { sentence: "% dreams of %", slots: &[Sort::T, Sort::U] },
    Relation { sentence: "% reaches %", slots: &[Sort::T, Sort::T] },
    Relation { sentence: "% zigs to %", slots: &[Sort::T, Sort::T] },
    Relation { sentence: "% zags to %", slots: &[Sort::T, Sort::T] },
    Relation { sentence: "% stands % steps from %", slots: &[Sort::T, Sort::Number, Sort::T] },
    Relation { sentence: "% weighs %", slots: &[Sort::T, Sort::Number] },
    Relation { sentence: "% gains", slots: &[Sort::T] },
    Relation { sentence: "% links to %", slots: &[Sort::T, Sort::T] },
    Relation { sentence: "% hops to %", slots: &[Sort::T, Sort::T] },
    Relation { sentence: "% skips to %", slots: &[Sort::T, Sort::T] },
    Relation { sentence: "% hands on %", slots: &[Sort::T, Sort::Number] },
];
const DECLARATIONS: &str = "\
language 1
kind T
kind S: T
kind U
relation T likes U
relation a: T knows b: T
relation T shines
relation S owns U, also U is owned by S
relation T has Number points
relation T rated U with Number
relation T joined on Date
relation T opted in Flag
relation T scored Number?
relation T dreams of U
relation a: T reaches b: T
relation a: T zigs to b: T
relation a: T zags to b: T
relation T weighs Number
relation T gains
relation a: T links to b: T
relation a: T hops to b: T
relation a: T skips to b: T
relation T hands on Number
parameter since: Date = 2026-02-10
";
pub const THINGS: [&str; 4] = ["ann", "bob", "cat", "dan"];
pub const OTHERS: [&str; 3] = ["pie", "que", "rum"];

/// Every feature a case may be said to have.
pub const ALL_FEATURES: &[&str] = &[
    "aggregate in a definition",
    "among",
    "any",
    "arithmetic",
    "at least k",
    "average",
    "choice with itself beside other rules",
    "choice with itself, handing on a value",
    "choice with itself, the only rule",
    "choice with one another",
    "comparison",
    "constant",
    "count",
    "date",
    "define",
    "define asks a lens",
    "derived value",
    "disagree",
    "first match",
    "flag",
    "function",
    "equality",
    "value from outside",
    "aggregate and a value",
    "nested",
    "choice with a comparison",
    "unless with a value",
    "is",
    "is a kind",
    "keeping the fewest",
    "keeping the most",
    "kind stated",
    "known",
    "linear recursion",
    "max",
    "maybe",
    "median",
    "min",
    "mutual recursion",
    "never",
    "no among",
    "non-linear recursion",
    "not",
    "not known",
    "not without brackets",
    "not with any used again",
    "one of",
    "one slot",
    "or",
    "or of and",
    "or that gives a value",
    "otherwise",
    "otherwise as",
    "overrides",
    "open value",
    "parameter",
    "sentence and comparison",
    "several lenses",
    "single lens",
    "sum",
    "two slots",
    "unless",
    "unless with brackets",
    "unless with or",
    "value",
    "weighted",
];

/// One text with the constructs it uses.
pub struct Case {
    pub text: String,
    pub features: BTreeSet<&'static str>,
}

pub struct Generator {
    random: Random,
    features: BTreeSet<&'static str>,
    anys: usize,
    /// Relations rules may use, as places among stated and then derived ones.
    usable: Vec<usize>,
    /// Lenses rules may ask, with the verdicts that may be asked for.
    askable: Vec<(String, Vec<&'static str>)>,
    pair: bool,
    among: bool,
}

fn relation(at: usize) -> &'static Relation {
    if at < STATED.len() { &STATED[at] } else { &DERIVED[at - STATED.len()] }
}

/// The case of a seed.
pub fn case(seed: u64) -> Case {
    let mut random = Random::new(seed);
    let pair = random.chance(40);
    let among = random.chance(70);
    let generator = Generator {
        random,
        features: BTreeSet::new(),
        anys: 0,
        usable: (0..STATED.len()).collect(),
        askable: Vec::new(),
        pair,
        among,
    };
    generator.generate()
}

impl Generator {
    fn generate(mut self) -> Case {
        let mut text = DECLARATIONS.to_owned();
        let doubtful = self.random.chance(45);
        let keeping = self.random.chance(45);
        if keeping {
            let most = self.random.chance(45);
            self.features.insert(if most { "keeping the most" } else { "keeping the fewest" });
            let (word, step) = if most { ("most", "n = m - 1") } else { ("fewest", "n = m + 2") };
            let _ = writeln!(text, "relation a: T stands Number steps from b: T, keeping the {word}");
            let _ = writeln!(text, "define x stands 5 steps from y\n  when x knows y");
            if self.random.chance(40) {
                let _ = writeln!(text, "define x stands n steps from y\n  when x knows y and x has n points");
            }
            let _ = writeln!(
                text,
                "define x stands n steps from y\n  when x stands m steps from z and z knows y and {step}"
            );
        }
        let _ = writeln!(text, "parameter limit: Number = {}", self.random.below(4));
        self.definitions(&mut text);
        if keeping {
            self.usable.push(STATED.len() + 4);
        }
        let subject: &[(&str, Sort)] =
            if self.pair { &[("t", Sort::T), ("u", Sort::U)] } else { &[("t", Sort::T)] };
        self.features.insert(if self.pair { "two slots" } else { "one slot" });
        let verdicts = ["yes-v", "no-v", "other-v", "odd-v"];
        let count = 2 + self.random.below(3);
        let named = if self.pair { "T is % for U" } else { "T is %" };
        let _ = write!(text, "question {}", named.replace('%', &verdicts[..count].join(" | ")));
        if self.among {
            self.features.insert("among");
            let first = if self.pair { "t likes u" } else { "t knows any k" };
            let second = if self.pair { "t owns u" } else { "t likes any l" };
            let third = if self.pair { "t rated u with any m" } else { "any k2 knows t" };
            let _ = write!(text, "\n  among {first} or {second} or {third}");
        } else {
            self.features.insert("no among");
        }
        text.push('\n');
        for at in 0..2 + self.random.below(4) {
            self.lens(&mut text, at, subject, &verdicts[..count]);
            if at == 0 && self.random.chance(40) {
                self.define_by_lens(&mut text);
            }
        }
        if self.random.chance(50) {
            self.features.insert("never");
            let body = self.body(&[], 3);
            let _ = writeln!(text, "never odd when {}", self.print(&body, &[]));
        }
        self.facts(&mut text, doubtful);
        Case { text, features: self.features }
    }

    fn definitions(&mut self, text: &mut String) {
        if self.random.chance(70) {
            self.features.insert("define");
            for _ in 0..=self.random.below(2) {
                let body = self.body(&[("t", Sort::T), ("u", Sort::U)], 2);
                let _ = writeln!(text, "define t dreams of u when {}", self.print(&body, &["t", "u"]));
            }
            self.usable.push(STATED.len());
        }
        if self.random.chance(60) {
            let linear = self.random.chance(50);
            self.features.insert(if linear { "linear recursion" } else { "non-linear recursion" });
            let _ = writeln!(text, "define x reaches y when x knows y");
            let step = if linear { "x reaches z and z knows y" } else { "x reaches z and z reaches y" };
            let _ = writeln!(text, "define x reaches y when {step}");
            self.usable.push(STATED.len() + 1);
        }
        if self.random.chance(50) {
            self.features.insert("derived value");
            let how = *self.random.pick(&[
                "x has m points and n = m + 1",
                "x has m points and n = m * m / 4",
                "x has m points and n = -m + limit",
                "x scored m and n = m + 1",
                "x shines and n = count(v: x likes v)",
                "x shines and n = max(v: x has v points)",
                "x shines and n = sum(v for each y: x knows y and y scored v)",
            ]);
            if how.contains(" shines ") {
                self.features.insert("aggregate in a definition");
            }
            let _ = writeln!(text, "define x weighs n when {how}");
            self.usable.push(STATED.len() + 5);
        }
        if self.random.chance(40) {
            self.features.insert("mutual recursion");
            let _ = writeln!(text, "define x zigs to y when x knows y and x shines");
            let _ = writeln!(text, "define x zags to y when x zigs to z and z knows y");
            let _ = writeln!(text, "define x zigs to y when x zags to z and z knows y unless y shines");
            self.usable.extend([STATED.len() + 2, STATED.len() + 3]);
        }
        self.choices(text);
    }

    /// Rules that call on themselves, or on one another, within a choice.
    fn choices(&mut self, text: &mut String) {
        if self.random.chance(50) {
            let alone = self.random.chance(50);
            let how = *self.random.pick(&[
                "x knows y or (x links to z and z knows y)",
                "(x links to z and z knows y) or x knows y",
                "x knows y or (x links to z and z links to y)",
                "x knows y or (x links to z and (z knows y or z links to y))",
                "(x knows z or x links to z) and z knows y",
                "x knows y and (y shines or y links to x)",
                "x knows y or (x links to z and z has n points and y has n points)",
                "x knows y or (x links to z and z scored n and y scored n)",
                "x knows y or (x links to y and x shines) or (y links to x and not (x shines))",
                "x knows y or (x links to z and z likes w and y likes w) unless y shines",
            ]);
            self.features.insert(if alone {
                "choice with itself, the only rule"
            } else {
                "choice with itself beside other rules"
            });
            if !alone {
                let other = *self.random.pick(&[
                    "x likes w and y owns w",
                    "x shines and x knows z and z links to y",
                    "(y links to x and y shines) or (x rated w with any n and y owns w)",
                ]);
                let _ = writeln!(text, "define x links to y when {other}");
            }
            let _ = writeln!(text, "define x links to y when {how}");
            self.usable.push(STATED.len() + 7);
        }
        if self.random.chance(35) {
            self.features.insert("choice with one another");
            let hop = *self.random.pick(&[
                "x knows y or (x skips to z and z knows y)",
                "(x skips to y and y shines) or (x likes w and y owns w)",
                "x knows y or (x skips to z and z hops to y)",
            ]);
            let skip = *self.random.pick(&[
                "(x hops to z or z hops to x) and z knows y",
                "x hops to y or (x skips to z and z hops to y)",
                "(x knows y and x shines) or (x hops to z and (z skips to y or y knows z))",
            ]);
            let _ = writeln!(text, "define x hops to y when {hop}");
            let _ = writeln!(text, "define x skips to y when {skip}");
            self.usable.extend([STATED.len() + 8, STATED.len() + 9]);
        }
        if self.random.chance(30) {
            self.features.insert("choice with itself, handing on a value");
            let how = *self.random.pick(&[
                "x has n points or (x knows z and z hands on n)",
                "(x knows z and z hands on n) or x scored n",
                "x scored n or (x knows z and z hands on n and x has n points)",
                "(x has n points and x shines) or (z hands on n and (z knows x or (x likes w and z likes w)))",
            ]);
            let _ = writeln!(text, "define x hands on n when {how}");
            self.usable.push(STATED.len() + 10);
        }
    }

    /// A relation that later lenses may read and that reads the first one.
    fn define_by_lens(&mut self, text: &mut String) {
        let Some((lens, verdicts)) = self.askable.first().cloned() else { return };
        self.features.insert("define asks a lens");
        let verdict = *self.random.pick(&verdicts);
        let for_u = if self.pair { " for any w0" } else { "" };
        let _ = writeln!(text, "define t gains when t is {verdict}{for_u} according to {lens}");
        self.usable.push(STATED.len() + 6);
    }

    fn lens(
        &mut self,
        text: &mut String,
        at: usize,
        subject: &[(&'static str, Sort)],
        verdicts: &[&'static str],
    ) {
        let name = format!("l{at}");
        let _ = writeln!(text, "lens {name} {{");
        let first = self.random.chance(25);
        if first {
            self.features.insert("first match");
            text.push_str("  first match wins\n");
        }
        let rows = 1 + self.random.below(6);
        for row in 0..rows {
            let size = self.random.below(3);
            let body = self.body(subject, size);
            let verdict = *self.random.pick(verdicts);
            let names: Vec<&str> = subject.iter().map(|(name, _)| *name).collect();
            let when = self.print(&body, &names);
            let _ = writeln!(text, "  r{row}: {verdict} when {when}");
        }
        if !first && rows > 1 && self.random.chance(25) {
            self.features.insert("overrides");
            for _ in 0..=self.random.below(2) {
                let strong = self.random.below(rows - 1);
                let weak = strong + 1 + self.random.below(rows - 1 - strong);
                let _ = writeln!(text, "  r{weak} overrides r{strong}");
            }
        }
        let asked = match self.random.below(4) {
            0 => verdicts.to_vec(),
            1 if at > 0 => {
                self.features.insert("otherwise as");
                let other = self.random.below(at);
                let _ = writeln!(text, "  otherwise as l{other}");
                if self.among { verdicts.to_vec() } else { Vec::new() }
            }
            _ => {
                self.features.insert("otherwise");
                let verdict = *self.random.pick(verdicts);
                let _ = writeln!(text, "  otherwise {verdict}");
                let among = self.among;
                verdicts.iter().copied().filter(|other| among || *other != verdict).collect()
            }
        };
        text.push_str("}\n");
        if !asked.is_empty() {
            self.askable.push((name, asked));
        }
    }

    fn facts(&mut self, text: &mut String, doubtful: bool) {
        if doubtful {
            self.features.insert("maybe");
        }
        // Few at times, so that all completions can be tried.
        let share = *self.random.pick(&[6, 25, 45]);
        text.push_str("facts {\n");
        for relation in &STATED {
            if relation.sentence == OPEN {
                // A key has one value, and that one is certain.
                for name in THINGS {
                    if self.random.chance(65) {
                        let _ = writeln!(text, "  {name} scored {}", self.constant(Sort::Number));
                    }
                }
                continue;
            }
            for _ in 0..2 + self.random.below(6) {
                let mut sentence = relation.sentence.to_owned();
                for sort in relation.slots {
                    let name = self.constant(*sort);
                    sentence = sentence.replacen('%', &name, 1);
                }
                let maybe = if doubtful && self.random.chance(share) { "maybe " } else { "" };
                let _ = writeln!(text, "  {maybe}{sentence}");
            }
        }
        if self.random.chance(30) {
            self.features.insert("kind stated");
            let _ = writeln!(text, "  {} is a S", self.random.pick(&THINGS));
        }
        text.push_str("}\n");
    }

    fn constant(&mut self, sort: Sort) -> String {
        match sort {
            Sort::T => (*self.random.pick(&THINGS)).to_owned(),
            Sort::U => (*self.random.pick(&OTHERS)).to_owned(),
            Sort::Number => (*self.random.pick(&["0", "1", "2", "2.5", "-1", "4"])).to_owned(),
            Sort::Date => {
                let days = ["2025-12-31", "2026-01-31", "2026-02-10", "2026-02-28", "2028-02-29"];
                (*self.random.pick(&days)).to_owned()
            }
            Sort::Flag => (*self.random.pick(&["yes", "no"])).to_owned(),
        }
    }
}
