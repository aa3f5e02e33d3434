//! Random rulesets with facts, as texts, from a seed. Every construct of the language comes up; each
//! text keeps the rules of section 4 of the reference by construction.

use std::collections::{BTreeMap, BTreeSet};
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
}

/// A relation: its sentence with `%` for slots, the slots' sorts.
struct Relation {
    sentence: &'static str,
    slots: &'static [Sort],
}

const STATED: [Relation; 6] = [
    Relation { sentence: "% likes %", slots: &[Sort::T, Sort::U] },
    Relation { sentence: "% knows %", slots: &[Sort::T, Sort::T] },
    Relation { sentence: "% shines", slots: &[Sort::T] },
    Relation { sentence: "% owns %", slots: &[Sort::T, Sort::U] },
    Relation { sentence: "% has % points", slots: &[Sort::T, Sort::Number] },
    Relation { sentence: "% rated % with %", slots: &[Sort::T, Sort::U, Sort::Number] },
];
const DERIVED: [Relation; 5] = [
    Relation { sentence: "% dreams of %", slots: &[Sort::T, Sort::U] },
    Relation { sentence: "% reaches %", slots: &[Sort::T, Sort::T] },
    Relation { sentence: "% zigs to %", slots: &[Sort::T, Sort::T] },
    Relation { sentence: "% zags to %", slots: &[Sort::T, Sort::T] },
    Relation { sentence: "% stands % steps from %", slots: &[Sort::T, Sort::Number, Sort::T] },
];
const DECLARATIONS: &str = "language 1\nkind T\nkind S: T\nkind U\nrelation T likes U\nrelation a: T knows b: T\nrelation T shines\nrelation S owns U, also U is owned by S\nrelation T has Number points\nrelation T rated U with Number\nrelation T dreams of U\nrelation a: T reaches b: T\nrelation a: T zigs to b: T\nrelation a: T zags to b: T\n";
const THINGS: [&str; 4] = ["a", "b", "c", "d"];
const OTHERS: [&str; 3] = ["p", "q", "r"];

/// One text with the constructs it uses.
pub struct Case {
    pub text: String,
    pub features: BTreeSet<&'static str>,
}

#[derive(Clone)]
enum Arg {
    Var(usize),
    Any,
    Text(String),
}

#[derive(Clone)]
enum Piece {
    Sentence(&'static str, Vec<Arg>),
    /// A condition on variables: a text with `%` for each.
    Test(String, Vec<usize>),
    Not(Vec<Piece>),
    Or(Vec<Vec<Piece>>),
}

/// A body in the making.
#[derive(Default)]
struct Body {
    sorts: Vec<Sort>,
    /// Variables with a value outside negative parts.
    bound: Vec<usize>,
    pieces: Vec<Piece>,
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
        let doubtful = self.random.chance(55);
        let keeping = !doubtful && self.random.chance(50);
        if keeping {
            self.features.insert("keeping");
            let most = self.random.chance(30);
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
        for at in 0..2 + self.random.below(3) {
            self.lens(&mut text, at, subject, &verdicts[..count]);
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
            self.features.insert("recursion");
            let _ = writeln!(text, "define x reaches y when x knows y");
            let step = if self.random.chance(50) {
                "x reaches z and z reaches y"
            } else {
                "x reaches z and z knows y"
            };
            let _ = writeln!(text, "define x reaches y when {step}");
            self.usable.push(STATED.len() + 1);
        }
        if self.random.chance(40) {
            self.features.insert("mutual recursion");
            let _ = writeln!(text, "define x zigs to y when x knows y and x shines");
            let _ = writeln!(text, "define x zags to y when x zigs to z and z knows y");
            let _ = writeln!(text, "define x zigs to y when x zags to z and z knows y unless y shines");
            self.usable.extend([STATED.len() + 2, STATED.len() + 3]);
        }
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
        let rows = 2 + self.random.below(4);
        for row in 0..rows {
            let size = self.random.below(3);
            let body = self.body(subject, size);
            let verdict = *self.random.pick(verdicts);
            let names: Vec<&str> = subject.iter().map(|(name, _)| *name).collect();
            let when = self.print(&body, &names);
            let _ = writeln!(text, "  r{row}: {verdict} when {when}");
        }
        if !first && self.random.chance(25) {
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
        text.push_str("facts {\n");
        for relation in &STATED {
            for _ in 0..2 + self.random.below(6) {
                let mut sentence = relation.sentence.to_owned();
                for sort in relation.slots {
                    let name = self.constant(*sort);
                    sentence = sentence.replacen('%', &name, 1);
                }
                let maybe = if doubtful && self.random.chance(40) { "maybe " } else { "" };
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
        }
    }

    /// A random body in which the given words get values.
    fn body(&mut self, subject: &[(&'static str, Sort)], size: usize) -> Body {
        let mut body = Body::default();
        for (at, (_, sort)) in subject.iter().enumerate() {
            body.sorts.push(*sort);
            body.bound.push(at);
        }
        for at in 0..subject.len() {
            // Without a population, and in conclusions, each word needs a sentence of its own.
            let sort = body.sorts[at];
            let candidates: Vec<usize> =
                self.usable.iter().copied().filter(|place| relation(*place).slots.contains(&sort)).collect();
            let place = *self.random.pick(&candidates);
            let slot = relation(place).slots.iter().position(|other| *other == sort).unwrap_or(0);
            let mut args = self.args(&mut body, relation(place).slots, true);
            // A new word that would have stood there is not named after all.
            if let Arg::Var(var) = args[slot]
                && var >= subject.len()
                && args.iter().filter(|arg| matches!(arg, Arg::Var(other) if *other == var)).count() == 1
                && !body.pieces.iter().any(|piece| mentions(piece, var))
            {
                body.bound.retain(|bound| *bound != var);
            }
            args[slot] = Arg::Var(at);
            body.pieces.push(Piece::Sentence(relation(place).sentence, args));
        }
        for _ in 0..size {
            let piece = self.piece(&mut body);
            body.pieces.push(piece);
        }
        body
    }

    fn args(&mut self, body: &mut Body, slots: &[Sort], may_bind: bool) -> Vec<Arg> {
        slots
            .iter()
            .map(|sort| {
                let known: Vec<usize> =
                    body.bound.iter().copied().filter(|var| body.sorts[*var] == *sort).collect();
                match self.random.below(10) {
                    0..=4 if !known.is_empty() => Arg::Var(*self.random.pick(&known)),
                    5 | 6 if may_bind => {
                        body.sorts.push(*sort);
                        body.bound.push(body.sorts.len() - 1);
                        Arg::Var(body.sorts.len() - 1)
                    }
                    7 => {
                        self.features.insert("constant");
                        let constant = self.constant(*sort);
                        Arg::Text(if *sort == Sort::Number { constant } else { format!("\"{constant}\"") })
                    }
                    _ => Arg::Any,
                }
            })
            .collect()
    }

    fn sentence(&mut self, body: &mut Body, may_bind: bool) -> Piece {
        let place = self.usable[self.random.below(self.usable.len())];
        let args = self.args(body, relation(place).slots, may_bind);
        Piece::Sentence(relation(place).sentence, args)
    }

    fn piece(&mut self, body: &mut Body) -> Piece {
        let of_sort = |body: &Body, sort: Sort| -> Vec<usize> {
            body.bound.iter().copied().filter(|var| body.sorts[*var] == sort).collect()
        };
        let choice = self.random.below(12);
        if matches!(choice, 4 | 5) && of_sort(body, Sort::Number).is_empty() {
            // Nothing to compare yet: a sentence gives a number first.
            body.sorts.push(Sort::Number);
            let var = body.sorts.len() - 1;
            body.bound.push(var);
            body.pieces.push(Piece::Sentence("% has % points", vec![Arg::Any, Arg::Var(var)]));
        }
        match choice {
            0 | 1 => {
                self.features.insert("not");
                let inner = (0..=self.random.below(2)).map(|_| self.sentence(body, false)).collect();
                Piece::Not(inner)
            }
            2 => {
                self.features.insert("or");
                Piece::Or((0..2).map(|_| vec![self.sentence(body, false)]).collect())
            }
            3 => {
                self.features.insert("or that gives a value");
                body.sorts.push(Sort::T);
                let var = body.sorts.len() - 1;
                let first = Piece::Sentence("% shines", vec![Arg::Var(var)]);
                let args = vec![Arg::Any, Arg::Var(var)];
                let branches = vec![vec![first], vec![Piece::Sentence("% knows %", args)]];
                body.bound.push(var);
                Piece::Or(branches)
            }
            4 if !of_sort(body, Sort::Number).is_empty() => {
                self.features.insert("comparison");
                let numbers = of_sort(body, Sort::Number);
                let var = *self.random.pick(&numbers);
                let op = *self.random.pick(&["=", "!=", "<", "<=", ">", ">="]);
                let other = *self.random.pick(&["1", "2.5", "limit", "limit + 1", "2 * limit - 1"]);
                Piece::Test(format!("% {op} {other}"), vec![var])
            }
            5 if !of_sort(body, Sort::Number).is_empty() => {
                self.features.insert("value");
                let numbers = of_sort(body, Sort::Number);
                let from = *self.random.pick(&numbers);
                body.sorts.push(Sort::Number);
                let var = body.sorts.len() - 1;
                // A value that is given must be used, so it is compared at once.
                Piece::Test("% = % * 2 - 1 and % > 1".to_owned(), vec![var, from, var])
            }
            6 if of_sort(body, Sort::T).len() > 1 => {
                self.features.insert("is");
                let things = of_sort(body, Sort::T);
                let (left, right) = (*self.random.pick(&things), *self.random.pick(&things));
                let word = if self.random.chance(60) || left == right { "is not" } else { "is" };
                if left == right {
                    self.sentence(body, true)
                } else {
                    Piece::Test(format!("% {word} %"), vec![left, right])
                }
            }
            7 if !of_sort(body, Sort::T).is_empty() => {
                let things = of_sort(body, Sort::T);
                let var = *self.random.pick(&things);
                if self.random.chance(50) {
                    self.features.insert("one of");
                    Piece::Test("% is one of \"a\", \"c\"".to_owned(), vec![var])
                } else {
                    self.features.insert("is a kind");
                    Piece::Test("% is a S".to_owned(), vec![var])
                }
            }
            8 | 9 if !self.askable.is_empty() => self.ask(body),
            _ => self.sentence(body, true),
        }
    }

    fn ask(&mut self, body: &mut Body) -> Piece {
        let slots: &[Sort] = if self.pair { &[Sort::T, Sort::U] } else { &[Sort::T] };
        let args = self.args(body, slots, true);
        let for_u = if self.pair { " for %" } else { "" };
        let two = self.askable.len() > 1;
        if two && self.among && self.random.chance(30) {
            self.features.insert("disagree");
            let (left, right) = (self.askable[0].0.clone(), self.askable[1].0.clone());
            let on = if self.pair { "%, %" } else { "%" };
            return Piece::Sentence(leak(format!("lenses {left} and {right} disagree on {on}")), args);
        }
        let at = self.random.below(self.askable.len());
        let (lens, verdicts) = self.askable[at].clone();
        let verdict = *self.random.pick(&verdicts);
        let all: Vec<String> = self
            .askable
            .iter()
            .filter(|(_, verdicts)| verdicts.contains(&verdict))
            .map(|(name, _)| name.clone())
            .collect();
        let selection = if all.len() > 1 && self.random.chance(60) {
            self.features.insert("several lenses");
            let how = *self.random.pick(&["any of", "all of", "at least 2 of"]);
            format!("{how} {}", all.join(", "))
        } else {
            self.features.insert("according to");
            lens
        };
        Piece::Sentence(leak(format!("% is {verdict}{for_u} according to {selection}")), args)
    }

    /// The body as text. What is named once is written `any`.
    fn print(&mut self, body: &Body, subject: &[&str]) -> String {
        let mut mentions: BTreeMap<usize, usize> = (0..subject.len()).map(|var| (var, 2)).collect();
        body.pieces.iter().for_each(|piece| count(piece, &mut mentions));
        let name = |var: usize| subject.get(var).map_or_else(|| format!("v{var}"), |name| (*name).to_owned());
        let mut parts = Vec::new();
        for piece in &body.pieces {
            parts.push(self.show(piece, &mentions, &name));
        }
        let mut text = parts.join(" and ");
        if !subject.is_empty() && self.random.chance(30) {
            self.features.insert("unless");
            let inner = match subject.len() {
                1 => *self.random.pick(&["t shines", "t likes any w", "t knows any w and w shines"]),
                _ => *self.random.pick(&["t owns u", "t owns any w", "t knows any w and w likes u"]),
            };
            let _ = write!(text, " unless {inner}");
        }
        text
    }

    fn show(
        &mut self,
        piece: &Piece,
        mentions: &BTreeMap<usize, usize>,
        name: &dyn Fn(usize) -> String,
    ) -> String {
        match piece {
            Piece::Sentence(sentence, args) => {
                let mut text = (*sentence).to_owned();
                for arg in args {
                    let shown = match arg {
                        Arg::Var(var) if mentions[var] > 1 => name(*var),
                        Arg::Var(_) | Arg::Any => {
                            self.anys += 1;
                            self.features.insert("any");
                            format!("any w{}", self.anys)
                        }
                        Arg::Text(text) => text.clone(),
                    };
                    text = text.replacen('%', &shown, 1);
                }
                text
            }
            Piece::Test(test, vars) => {
                let mut text = test.clone();
                for var in vars {
                    text = text.replacen('%', &name(*var), 1);
                }
                text
            }
            Piece::Not(inner) => {
                let parts: Vec<String> = inner.iter().map(|piece| self.show(piece, mentions, name)).collect();
                format!("not ({})", parts.join(" and "))
            }
            Piece::Or(branches) => {
                let mut parts = Vec::new();
                for branch in branches {
                    let inner: Vec<String> =
                        branch.iter().map(|piece| self.show(piece, mentions, name)).collect();
                    parts.push(inner.join(" and "));
                }
                format!("({})", parts.join(" or "))
            }
        }
    }
}

/// Sentences made while generating live as long as the test.
fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn mentions(piece: &Piece, var: usize) -> bool {
    let mut all = BTreeMap::new();
    count(piece, &mut all);
    all.contains_key(&var)
}

fn count(piece: &Piece, mentions: &mut BTreeMap<usize, usize>) {
    match piece {
        Piece::Sentence(_, args) => {
            for arg in args {
                if let Arg::Var(var) = arg {
                    *mentions.entry(*var).or_default() += 1;
                }
            }
        }
        Piece::Test(_, vars) => vars.iter().for_each(|var| *mentions.entry(*var).or_default() += 1),
        Piece::Not(inner) => inner.iter().for_each(|piece| count(piece, mentions)),
        Piece::Or(branches) => branches.iter().flatten().for_each(|piece| count(piece, mentions)),
    }
}
