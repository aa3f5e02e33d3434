//! A set of dense ids as words of 64 bits.

/// Eight bytes as rows of bits, with rows and columns exchanged: by halves, quarters and eighths of the square
/// (H. S. Warren, *Hacker's Delight*, 7-3).
pub fn transposed(mut square: u64) -> u64 {
    for (shift, mask) in
        [(7, 0x00AA_00AA_00AA_00AA), (14, 0x0000_CCCC_0000_CCCC), (28, 0x0000_0000_F0F0_F0F0_u64)]
    {
        let exchanged = (square ^ square >> shift) & mask;
        square ^= exchanged ^ exchanged << shift;
    }
    square
}

/// A set of numbers below a fixed length.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BitSet {
    words: Vec<u64>,
    len: usize,
}

impl BitSet {
    /// The empty set of numbers below `len`.
    pub fn new(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    /// All numbers below `len`.
    pub fn full(len: usize) -> Self {
        let mut words = vec![u64::MAX; len.div_ceil(64)];
        if let Some(last) = words.last_mut()
            && !len.is_multiple_of(64)
        {
            *last = (1 << (len % 64)) - 1;
        }
        Self { words, len }
    }

    /// A set from its words; bits past `len` must be zero.
    pub fn from_words(words: Vec<u64>, len: usize) -> Self {
        debug_assert_eq!(words.len(), len.div_ceil(64));
        Self { words, len }
    }

    /// The numbers it ranges over: those below this.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it ranges over no number at all.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether `index` is in it; numbers past its length are not.
    pub fn contains(&self, index: usize) -> bool {
        self.words.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Puts `index` in, growing to hold it.
    pub fn insert(&mut self, index: usize) {
        if index >= self.len {
            self.len = index + 1;
            self.words.resize(self.len.div_ceil(64), 0);
        }
        self.words[index / 64] |= 1 << (index % 64);
    }

    /// Puts all these in, growing to hold them.
    pub fn insert_all(&mut self, ids: &[u32]) {
        let Some(most) = ids.iter().max() else { return };
        let most = *most as usize;
        if most >= self.len {
            self.len = most + 1;
            self.words.resize(self.len.div_ceil(64), 0);
        }
        for id in ids {
            self.words[*id as usize / 64] |= 1 << (id % 64);
        }
    }

    /// Takes `index` out.
    pub fn remove(&mut self, index: usize) {
        if let Some(word) = self.words.get_mut(index / 64) {
            *word &= !(1 << (index % 64));
        }
    }

    /// How many numbers are in it.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The numbers in it, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            std::iter::successors((word != 0).then_some(word), |word| {
                let rest = word & (word - 1);
                (rest != 0).then_some(rest)
            })
            .map(move |word| at * 64 + word.trailing_zeros() as usize)
        })
    }

    /// Puts the numbers of another set behind: those of `other` count from the end of this one.
    pub fn append(&mut self, other: &Self) {
        let (at, shift) = (self.len / 64, self.len % 64);
        self.len += other.len;
        self.words.resize(self.len.div_ceil(64), 0);
        for (word, own) in (at..).zip(&other.words) {
            self.words[word] |= own << shift;
            if shift > 0 && word + 1 < self.words.len() {
                self.words[word + 1] |= own >> (64 - shift);
            }
        }
    }

    /// Its words, lowest numbers first.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Its words, to be changed in place; bits past the length must stay zero.
    pub fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }
}
