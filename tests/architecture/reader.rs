//! What the items of one module define, import and mention, by their syntax alone.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemUse, UseTree, Visibility};

/// A path in the code.
pub struct Mention {
    pub path: Vec<String>,
    /// It stands in a `use` that others may use in turn.
    pub reexport: bool,
}

/// Collects what one module defines, imports and mentions.
#[derive(Default)]
pub struct Reader {
    pub items: BTreeSet<String>,
    pub imports: BTreeMap<String, Vec<String>>,
    pub globs: Vec<Vec<String>>,
    pub mentions: Vec<Mention>,
}

impl Reader {
    fn mention(&mut self, path: Vec<String>, reexport: bool) {
        self.mentions.push(Mention { path, reexport });
    }

    /// Takes in one branch of a `use`.
    fn import(&mut self, tree: &UseTree, mut path: Vec<String>, reexport: bool) {
        let (name, used) = match tree {
            UseTree::Path(branch) => {
                path.push(branch.ident.to_string());
                return self.import(&branch.tree, path, reexport);
            }
            UseTree::Group(group) => {
                for branch in &group.items {
                    self.import(branch, path.clone(), reexport);
                }
                return;
            }
            UseTree::Glob(_) => {
                self.mention(path.clone(), reexport);
                self.globs.push(path);
                return;
            }
            UseTree::Name(name) => (&name.ident, &name.ident),
            UseTree::Rename(rename) => (&rename.rename, &rename.ident),
        };
        let mut name = name.to_string();
        if used == "self" {
            name = path.last().cloned().unwrap_or(name);
        } else {
            path.push(used.to_string());
        }
        self.mention(path.clone(), reexport);
        self.imports.entry(name).or_insert(path);
    }

    /// The paths among words that nobody has parsed. A single word in small letters is a variable.
    fn words(&mut self, text: &str) {
        let text = text.replace(" :: ", "::");
        for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
            let word = word.trim_matches(':');
            let path: Vec<String> = word.split("::").map(str::to_owned).collect();
            if path.len() > 1 || word.starts_with(char::is_uppercase) {
                self.mention(path, false);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name) = attributes_and_name(item);
        if for_tests(attributes) {
            return;
        }
        self.items.extend(name.map(ToString::to_string));
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {}

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let for_tests = match item {
            ImplItem::Fn(function) => for_tests(&function.attrs),
            ImplItem::Const(constant) => for_tests(&constant.attrs),
            _ => false,
        };
        if !for_tests {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let reexport = !matches!(item.vis, Visibility::Inherited);
        self.import(&item.tree, vec![], reexport);
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter();
        self.mention(segments.map(|part| part.ident.to_string()).collect(), false);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invoked: &'ast syn::Macro) {
        self.words(&invoked.tokens.to_string());
        visit::visit_macro(self, invoked);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if !attribute.path().is_ident("doc")
            && let syn::Meta::List(list) = &attribute.meta
        {
            self.words(&list.tokens.to_string());
        }
    }
}

/// Whether something is compiled for tests alone.
pub fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else {
            return attribute
                .path()
                .segments
                .last()
                .is_some_and(|name| name.ident == "test");
        };
        let condition = list.tokens.to_string().replace(' ', "");
        list.path.is_ident("cfg") && (condition == "test" || condition.starts_with("all(test,"))
    })
}

fn attributes_and_name(item: &Item) -> (&[Attribute], Option<&syn::Ident>) {
    match item {
        Item::Const(item) => (&item.attrs, Some(&item.ident)),
        Item::Enum(item) => (&item.attrs, Some(&item.ident)),
        Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
        Item::Impl(item) => (&item.attrs, None),
        Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
        Item::Mod(item) => (&item.attrs, None),
        Item::Static(item) => (&item.attrs, Some(&item.ident)),
        Item::Struct(item) => (&item.attrs, Some(&item.ident)),
        Item::Trait(item) => (&item.attrs, Some(&item.ident)),
        Item::Type(item) => (&item.attrs, Some(&item.ident)),
        Item::Use(item) => (&item.attrs, None),
        _ => (&[], None),
    }
}
