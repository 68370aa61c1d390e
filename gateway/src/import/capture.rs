/// What the captures of a rule's URL pattern are now.
#[derive(Clone, Debug, Default)]
pub(super) struct Captures(Vec<(usize, String)>);

impl Captures {
    /// Those that are the same in all places of a rule.
    pub(super) fn of<'p>(places: impl Iterator<Item = &'p Vec<(usize, String)>>) -> Self {
        let shared =
            |one: Vec<_>, other: &Vec<_>| one.into_iter().filter(|known| other.contains(known)).collect();
        let mut places = places;
        let first = places.next().cloned().unwrap_or_default();
        Self(places.fold(first, shared))
    }

    /// The expression for one of them.
    pub(super) fn expression(&self, group: usize) -> Option<String> {
        self.0.iter().find(|(known, _)| *known == group).map(|(_, expression)| expression.clone())
    }
}
