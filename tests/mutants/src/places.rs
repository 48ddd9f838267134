//! The places of a file that a mutant may change.

use std::ops::Range;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Arm, Attribute, BinOp, Block, Expr, ExprBinary, ExprConst, ExprIf, ExprUnary, GenericArgument,
    ImplItemFn, Item, ItemConst, ItemFn, ItemImpl, ItemStatic, PathArguments, ReturnType,
    Signature, Stmt, TraitItemFn, Type, UnOp,
};

/// Stands for the condition in a replacement.
pub(crate) const IS_CHOSEN: &str = "\u{1}";

/// A change of the source. [`IS_CHOSEN`] in the replacement decides whether it takes effect.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) change: String,
    pub(crate) range: Range<usize>,
    pub(crate) replacement: String,
}

/// All places of a source file outside its tests.
pub(crate) fn places(source: &str) -> syn::Result<Vec<Place>> {
    let file = syn::parse_file(source)?;
    let mut finder = Finder { source, function: String::new(), places: Vec::new() };
    finder.visit_file(&file);
    Ok(finder.places)
}

/// The modules of a source file that only tests have, and that are files of their own.
pub(crate) fn test_modules(source: &str) -> syn::Result<Vec<String>> {
    let items = syn::parse_file(source)?.items;
    let names = items.into_iter().filter_map(|item| match item {
        Item::Mod(module) if is_test(&module.attrs) && module.content.is_none() => {
            Some(module.ident.to_string())
        }
        _ => None,
    });
    Ok(names.collect())
}

struct Finder<'a> {
    source: &'a str,
    function: String,
    places: Vec<Place>,
}

impl Finder<'_> {
    fn text(&self, span: Span) -> &str {
        &self.source[span.byte_range()]
    }

    fn add(&mut self, span: Span, range: Range<usize>, what: &str, replacement: String) {
        let change = format!("{}: {what}", self.function);
        let line = span.start().line;
        self.places.push(Place { line, change, range, replacement });
    }

    /// Replaces an expression.
    fn replace(&mut self, of: &impl Spanned, what: &str, by: &str) {
        let (span, whole) = (of.span(), self.text(of.span()).to_owned());
        let replacement = format!("(if {IS_CHOSEN} {{ {by} }} else {{ {whole} }})");
        self.add(span, span.byte_range(), what, replacement);
    }

    fn function(&mut self, attributes: &[Attribute], signature: &Signature, body: &Block) -> bool {
        if signature.constness.is_some() || is_test(attributes) {
            return false;
        }
        self.function = signature.ident.to_string();
        let values = match &signature.output {
            ReturnType::Default => vec![String::new()],
            ReturnType::Type(_, returned) => values(returned),
        };
        let start = body.brace_token.span.open().byte_range().end;
        for value in values {
            let replacement = format!(" if {IS_CHOSEN} {{ return {value}; }} ");
            let what = format!("returns {value}");
            self.add(signature.ident.span(), start..start, what.trim_end(), replacement);
        }
        true
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let is_left_out = match item {
            Item::Mod(module) => is_test(&module.attrs),
            Item::Const(_) | Item::Static(_) | Item::Macro(_) => true,
            _ => false,
        };
        if !is_left_out {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let of = item.trait_.as_ref().and_then(|(_, path, _)| path.segments.last());
        if !is_test(&item.attrs) && of.is_none_or(|of| of.ident != "Debug") {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if self.function(&item.attrs, &item.sig, &item.block) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        if self.function(&item.attrs, &item.sig, &item.block) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(body) = &item.default
            && self.function(&item.attrs, &item.sig, body)
        {
            visit::visit_trait_item_fn(self, item);
        }
    }

    // Constant expressions cannot ask which mutant was chosen.
    fn visit_item_const(&mut self, _: &'ast ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_expr_const(&mut self, _: &'ast ExprConst) {}
    fn visit_expr_repeat(&mut self, _: &'ast syn::ExprRepeat) {}
    fn visit_type(&mut self, _: &'ast Type) {}

    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        if let Some(by) = other(&binary.op)
            && !has_let(&binary.left)
            && !has_let(&binary.right)
        {
            let [left, right] = [&binary.left, &binary.right].map(|side| self.text(side.span()));
            let mutated = format!("{left} {by} {right}");
            let what = format!("`{}` becomes `{by}`", self.text(binary.op.span()));
            self.replace(binary, &what, &mutated);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast ExprUnary) {
        if matches!(unary.op, UnOp::Not(_)) {
            let by = self.text(unary.expr.span()).to_owned();
            self.replace(unary, "`!` is left out", &by);
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_if(&mut self, conditional: &'ast ExprIf) {
        if let condition @ (Expr::Call(_) | Expr::MethodCall(_) | Expr::Path(_) | Expr::Field(_)) =
            &*conditional.cond
        {
            let by = format!("!{}", self.text(condition.span()));
            self.replace(condition, "the condition is negated", &by);
        }
        visit::visit_expr_if(self, conditional);
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        if let Some((_, guard)) = &arm.guard
            && !has_let(guard)
        {
            self.replace(guard, "the guard of an arm holds", "true");
            self.replace(guard, "the guard of an arm does not hold", "false");
        }
        visit::visit_arm(self, arm);
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        if let Stmt::Expr(expression, Some(_)) = statement
            && is_effect(expression)
        {
            let (span, whole) = (statement.span(), self.text(statement.span()).to_owned());
            let replacement = format!("if !{IS_CHOSEN} {{ {whole} }}");
            self.add(span, span.byte_range(), "a statement is left out", replacement);
        }
        visit::visit_stmt(self, statement);
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_cfg_test = attribute.path().is_ident("cfg")
            && attribute.parse_args::<proc_macro2::TokenStream>().is_ok_and(|condition| {
                condition.to_string().split(|c: char| !c.is_alphanumeric()).any(|w| w == "test")
            });
        is_cfg_test || attribute.path().is_ident("test")
    })
}

/// Values of a type that a function could return instead of its own.
fn values(returned: &Type) -> Vec<String> {
    let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    match returned {
        Type::Tuple(tuple) if tuple.elems.is_empty() => owned(&["()"]),
        Type::Reference(reference) if reference.mutability.is_none() => match &*reference.elem {
            Type::Path(path) if path.path.is_ident("str") => owned(&["\"\""]),
            _ => Vec::new(),
        },
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return Vec::new() };
            let inner = match &last.arguments {
                PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
                    Some(GenericArgument::Type(inner)) => values(inner),
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            };
            let within = |name| inner.iter().map(move |value| format!("{name}({value})"));
            match last.ident.to_string().as_str() {
                "bool" => owned(&["true", "false"]),
                "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i32" | "i64" => {
                    owned(&["0", "1"])
                }
                "String" => owned(&["String::new()"]),
                "Vec" => owned(&["Vec::new()"]),
                "Option" => ["None".to_owned()].into_iter().chain(within("Some")).collect(),
                "Result" => within("Ok").collect(),
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// The operator that takes the place of another one.
fn other(operator: &BinOp) -> Option<&'static str> {
    Some(match operator {
        BinOp::Eq(_) => "!=",
        BinOp::Ne(_) => "==",
        BinOp::Lt(_) => "<=",
        BinOp::Le(_) => "<",
        BinOp::Gt(_) => ">=",
        BinOp::Ge(_) => ">",
        BinOp::And(_) => "||",
        BinOp::Or(_) => "&&",
        BinOp::Add(_) => "-",
        BinOp::Sub(_) | BinOp::Div(_) => "+",
        BinOp::Mul(_) => "/",
        BinOp::Rem(_) => "*",
        BinOp::BitAnd(_) => "|",
        BinOp::BitOr(_) | BinOp::BitXor(_) => "&",
        BinOp::Shl(_) => ">>",
        BinOp::Shr(_) => "<<",
        _ => return None,
    })
}

fn has_let(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

fn is_effect(expression: &Expr) -> bool {
    match expression {
        Expr::Call(_) | Expr::MethodCall(_) | Expr::Assign(_) => true,
        Expr::Try(tried) => is_effect(&tried.expr),
        Expr::Binary(binary) => other(&binary.op).is_none(),
        _ => false,
    }
}
