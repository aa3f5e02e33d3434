//! The one table of codes. Numbered by stage: 01 syntax, 02 names, 03 kinds, 04 bodies and
//! recursion, 05 lenses, 06 facts and data, 07 limits, 08 SQL, 09 lints.

/// How much a diagnostic weighs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// The ruleset or data cannot be used.
    Error,
    /// It can be used, but hardly means what was meant.
    Warning,
    /// It could be clearer.
    Advice,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct CodeEntry {
    /// The code.
    pub code: Code,
    /// As it is printed, `PX0203`.
    pub name: &'static str,
    /// The severity it has unless told otherwise.
    pub severity: Severity,
    /// One sentence in the reader's words.
    pub title: &'static str,
}

macro_rules! codes {
    ($($variant:ident $name:literal $severity:ident $title:literal;)+) => {
        /// A stable code.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Code { $(#[doc = $title] $variant,)+ }

        /// All codes in order.
        pub const TABLE: &[CodeEntry] = &[$(
            CodeEntry { code: Code::$variant, name: $name, severity: Severity::$severity, title: $title },
        )+];

        /// The page of a code: a wrong example, a right one, why.
        pub fn page(code: Code) -> &'static str {
            match code { $(Code::$variant => include_str!(concat!("../../docs/errors/", $name, ".md")),)+ }
        }
    };
}

codes! {
    UnexpectedText "PX0101" Error "something here does not fit";
    UnclosedString "PX0102" Error "a quoted text is not closed";
    UnclosedBlock "PX0103" Error "a brace or bracket is not closed";
    StrayClose "PX0104" Error "a brace or bracket closes nothing";
    UnknownStatement "PX0105" Error "a line does not begin like any declaration";
    MisplacedStatement "PX0106" Error "a line stands where it cannot";
    BadCharacter "PX0107" Error "a character cannot stand here";
    NotText "PX0108" Error "a file is not UTF-8 text";
    ReservedWord "PX0109" Error "a reserved word is used as a name";
    BadNumber "PX0110" Error "a number or date is not written properly";
    LanguageVersion "PX0111" Error "the language version is missing or not known";
    NotYet "PX0112" Error "this part of the language is not available in this version";
    UnknownSentence "PX0201" Error "a sentence matches no relation";
    UnknownKind "PX0202" Error "a kind is not declared";
    UnknownVerdict "PX0203" Error "a verdict is not one of the question's";
    UnknownLens "PX0204" Error "a lens is not declared";
    UnknownColumn "PX0205" Error "a column is not in the table";
    UnknownParameter "PX0206" Error "a parameter is not declared";
    UnknownName "PX0207" Error "a name refers to nothing declared";
    Duplicate "PX0208" Error "something is declared twice";
    Collision "PX0209" Error "two sentences cannot be told apart";
    BadUse "PX0210" Error "a `use` does not lead to a file";
    UseLoop "PX0211" Error "files use each other in a loop";
    BadReading "PX0212" Error "a relation's sentence is not well formed";
    ParameterClash "PX0213" Error "a word is named like a parameter";
    UnknownRow "PX0214" Error "a row's label is not in the lens";
    UnknownFunction "PX0215" Error "a function is not known";
    KindMismatch "PX0301" Error "a word is used as two different sorts of thing";
    KindLoop "PX0302" Error "kinds are each other's parent";
    ValueMismatch "PX0303" Error "values of different sorts are compared or combined";
    WrongWidening "PX0304" Error "a conclusion needs a narrower kind than is known";
    BadCall "PX0305" Error "a function is given the wrong values";
    NamedOnce "PX0401" Error "a word is named only once";
    FreshInNegative "PX0402" Error "a new word stands in a negative part without `any`";
    UnboundConclusion "PX0403" Error "nothing names a word of the conclusion";
    MixedAndOr "PX0404" Error "`and` and `or` stand side by side without brackets";
    NegationLoop "PX0405" Error "sentences depend on their own denial";
    Contradiction "PX0406" Error "conditions contradict each other";
    UnboundWord "PX0407" Error "a word has no value here";
    BadKeeping "PX0408" Error "a kept value is not handed on properly";
    EndlessValues "PX0409" Error "a loop of rules makes new values without end";
    BadAny "PX0410" Error "`any` is used on a word already in use";
    UnusedValue "PX0411" Error "a value is worked out and never used";
    BadAggregate "PX0412" Error "an aggregate is not well formed";
    LensLoop "PX0501" Error "lenses ask each other in a loop";
    OverrideLoop "PX0502" Error "rows override each other in a loop";
    PolicyClash "PX0503" Error "two ways to settle rows are mixed";
    VerdictAsFact "PX0504" Error "a verdict is stated without a lens";
    BadQuestion "PX0505" Error "a question is not well formed";
    OtherQuestion "PX0506" Error "a lens of another question is asked";
    BadPopulation "PX0507" Error "the population cannot be found this way";
    BadExpectation "PX0508" Error "an expectation cannot hold or fail";
    BadThreshold "PX0509" Error "a number of lenses cannot be reached";
    WrongFactValue "PX0601" Error "a fact has a value of the wrong sort";
    BadCell "PX0602" Error "a cell cannot be read";
    BadRow "PX0603" Error "a row has the wrong number of cells";
    BadFile "PX0604" Error "a file cannot be read";
    OutsideFolder "PX0605" Error "a path leads outside the ruleset's folder";
    NotAFact "PX0606" Error "this cannot be stated as a fact";
    TwoValues "PX0607" Error "a key has two values";
    DuplicateRows "PX0608" Error "rows repeat a fact that is added up";
    ParameterValue "PX0609" Error "a parameter has no value or one of the wrong sort";
    DomainError "PX0610" Error "a calculation has no result";
    BadWeight "PX0611" Error "a weight is missing, negative or not the only one";
    NotBuilt "PX0612" Error "this build cannot read tables of this sort";
    NetworkNeeded "PX0613" Error "a database is asked and the command line does not allow it";
    QueryFailed "PX0614" Error "a database does not answer a query";
    BadCache "PX0615" Warning "facts cannot be kept for the next run";
    NotStated "PX0616" Error "a fact to be taken away is not stated";
    StatedAlready "PX0617" Warning "a fact to be added is stated already";
    TakenBack "PX0618" Error "one fact is both added and taken away";
    RuledFact "PX0619" Warning "a fact is added that otherwise only follows from rules";
    TooDeep "PX0701" Error "brackets are nested too deep";
    TooLong "PX0702" Error "a line or file is too long";
    TooMany "PX0703" Error "there are too many declarations of one sort";
    FactLimit "PX0704" Error "more facts follow than the limit allows";
    RoundLimit "PX0705" Error "a loop of rules takes more rounds than the limit allows";
    TimeLimit "PX0706" Error "the time limit was reached";
    MemoryLimit "PX0707" Error "the memory limit was reached";
    Interrupted "PX0708" Error "the work was interrupted";
    Unused "PX0901" Warning "a declaration is used nowhere";
    Subsumed "PX0902" Warning "a row can never decide, an earlier one takes all it matches";
}

impl Code {
    /// The code's row.
    pub fn entry(self) -> &'static CodeEntry {
        &TABLE[self as usize]
    }

    /// As it is printed, `PX0203`.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// The code printed as `name`, in any case.
    pub fn find(name: &str) -> Option<Code> {
        TABLE.iter().find(|entry| entry.name.eq_ignore_ascii_case(name)).map(|entry| entry.code)
    }
}
