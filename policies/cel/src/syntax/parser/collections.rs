use super::{Parser, Result};
use crate::syntax::{Entry, Expr, ExprKind, Item, lexer::TokenKind};

impl Parser {
    pub(super) fn list(&mut self, start: u32) -> Result<Expr> {
        self.at += 1;
        let mut items = Vec::new();
        self.lone_comma("]");
        self.each("]", |parser| {
            let optional = parser.take("?");
            items.push(Item { value: parser.conditional()?, optional });
            Ok(())
        })?;
        self.build(ExprKind::List(items), start)
    }

    pub(super) fn map(&mut self, start: u32) -> Result<Expr> {
        self.at += 1;
        let mut entries = Vec::new();
        self.lone_comma("}");
        self.each("}", |parser| {
            let optional = parser.take("?");
            let key = parser.conditional()?;
            parser.expect(":")?;
            entries.push(Entry { key, value: parser.conditional()?, optional });
            Ok(())
        })?;
        self.build(ExprKind::Map(entries), start)
    }

    /// Message literals are read to their end, so that what is said of them can name the type.
    pub(super) fn message(&mut self, name: &Expr, start: u32) -> Result<Expr> {
        self.at += 1;
        self.each("}", |parser| {
            parser.take("?");
            parser.field()?;
            parser.expect(":")?;
            parser.conditional().map(|_| ())
        })?;
        self.build(ExprKind::Message(name.qualified_name().unwrap_or_default().into()), start)
    }

    /// Reads one after the other, with commas between them and perhaps after the last, up to the end.
    fn each(&mut self, close: &str, mut read: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        while !self.take(close) {
            read(self)?;
            if !self.take(",") {
                return self.expect(close);
            }
        }
        Ok(())
    }

    /// The grammar has a comma before the end of a list or map, also where there is nothing before it: `[,]`.
    fn lone_comma(&mut self, close: &str) {
        let next = self.tokens.get(self.at + 1).map(|token| &token.kind);
        if self.peek_is(",") && matches!(next, Some(TokenKind::Symbol(symbol)) if *symbol == close) {
            self.at += 1;
        }
    }
}
