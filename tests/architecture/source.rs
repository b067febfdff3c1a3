//! What the files under `src` take from one another, read from their syntax trees as the compiler would
//! find them: by `mod` declarations, without what is compiled for tests alone.
//!
//! It knows names, not types: a method that is called, or a type that is inferred, is not seen. What a macro
//! is given is read as a list of words.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::Item;
use syn::visit::Visit;

use crate::reader::{Mention, Reader, for_tests};

/// The crate's own name, by which its programs call it.
const CRATE: &str = "awscreds_bench";

/// A module: a file, or a part of one.
struct Module {
    file: usize,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    /// What is defined here.
    items: BTreeSet<String>,
    /// What `use` brings in, and under which path.
    imports: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    mentions: Vec<Mention>,
}

/// What a name leads to.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Module(usize),
    /// Something that is defined in this module.
    Item(usize),
}

impl Place {
    fn item(self) -> Option<usize> {
        match self {
            Self::Item(module) => Some(module),
            Self::Module(_) => None,
        }
    }
}

/// Every file that is compiled, and how to look names up in them.
#[derive(Default)]
pub struct Source {
    /// Relative to `src`.
    files: Vec<PathBuf>,
    modules: Vec<Module>,
}

/// One file takes something from another, maybe in many places.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    pub from: PathBuf,
    pub to: PathBuf,
    /// One of the paths by which it does, as written there.
    pub path: String,
}

impl Source {
    /// Reads `lib.rs` and `main.rs` of this folder, and all that they declare.
    pub fn read(src: &Path) -> Self {
        let mut source = Self::default();
        for root in ["lib.rs", "main.rs"] {
            if src.join(root).exists() {
                source.read_file(src, Path::new(root), None);
            }
        }
        source
    }

    /// The files, relative to `src`.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    fn read_file(&mut self, src: &Path, path: &Path, parent: Option<usize>) -> usize {
        let text = std::fs::read_to_string(src.join(path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file =
            syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.files.push(path.to_owned());
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let below = match stem {
            "lib" | "main" | "mod" => path.with_file_name(""),
            _ => path.with_extension(""),
        };
        self.read_module(src, &below, self.files.len() - 1, parent, &file.items)
    }

    /// Takes in the items of a module; `below` is where the files of its children are.
    fn read_module(
        &mut self,
        src: &Path,
        below: &Path,
        file: usize,
        parent: Option<usize>,
        items: &[Item],
    ) -> usize {
        let mut reader = Reader::default();
        for item in items {
            reader.visit_item(item);
        }
        let Reader {
            items: defined,
            imports,
            globs,
            mentions,
        } = reader;
        let module = self.modules.len();
        self.modules.push(Module {
            file,
            parent,
            children: BTreeMap::new(),
            items: defined,
            imports,
            globs,
            mentions,
        });
        for item in items {
            let Item::Mod(declared) = item else { continue };
            if for_tests(&declared.attrs) {
                continue;
            }
            let name = declared.ident.to_string();
            let child = if let Some((_, items)) = &declared.content {
                self.read_module(src, &below.join(&name), file, Some(module), items)
            } else {
                let own = below.join(format!("{name}.rs"));
                let path = if src.join(&own).exists() {
                    own
                } else {
                    below.join(&name).join("mod.rs")
                };
                self.read_file(src, &path, Some(module))
            };
            self.modules[module].children.insert(name, child);
        }
        module
    }

    /// Every file that another takes something from. What a parent re-exports of its own children it does not
    /// take.
    pub fn imports(&self) -> BTreeSet<Import> {
        let mut imports: BTreeMap<(usize, usize), String> = BTreeMap::new();
        for (number, module) in self.modules.iter().enumerate() {
            for mention in &module.mentions {
                let places = self.resolve(number, &mention.path, 0);
                for defined in places.into_iter().filter_map(Place::item) {
                    let to = self.modules[defined].file;
                    let own_childs = mention.reexport && self.is_below(defined, number);
                    if to != module.file && !own_childs {
                        let path = mention.path.join("::");
                        let known = imports.entry((module.file, to)).or_default();
                        // The longest says best where it leads.
                        if known.len() < path.len() {
                            *known = path;
                        }
                    }
                }
            }
        }
        let imports = imports.into_iter().map(|((from, to), path)| Import {
            from: self.files[from].clone(),
            to: self.files[to].clone(),
            path,
        });
        imports.collect()
    }

    fn is_below(&self, module: usize, ancestor: usize) -> bool {
        let mut next = Some(module);
        while let Some(module) = next {
            if module == ancestor {
                return true;
            }
            next = self.modules[module].parent;
        }
        false
    }

    /// What a path leads to, seen from a module: nothing if it leaves the crate, and more than one place where
    /// a module and an item share a name.
    fn resolve(&self, module: usize, path: &[String], depth: usize) -> Vec<Place> {
        // A name that is imported from a place of the same name would go round for ever.
        const DEPTH: usize = 12;
        let [first, rest @ ..] = path else {
            return vec![];
        };
        if depth > DEPTH {
            return vec![];
        }
        let mut places = match first.as_str() {
            "crate" => vec![Place::Module(self.root(module))],
            CRATE => vec![Place::Module(0)],
            "self" => vec![Place::Module(module)],
            "super" => vec![Place::Module(self.parent(module))],
            name => self.named(module, name, depth),
        };
        for name in rest {
            let step = |place| match place {
                Place::Item(_) => vec![place],
                Place::Module(module) if name == "super" => {
                    vec![Place::Module(self.parent(module))]
                }
                Place::Module(module) => {
                    let found = self.named(module, name, depth);
                    // What a macro defines is not seen, but its module is known.
                    if found.is_empty() {
                        vec![Place::Item(module)]
                    } else {
                        found
                    }
                }
            };
            // Only a module has something in it, but for the variants of an enum.
            if places.iter().any(|place| matches!(place, Place::Module(_))) {
                places.retain(|place| matches!(place, Place::Module(_)));
            }
            places = places.into_iter().flat_map(step).collect();
        }
        places
    }

    /// What a name means in a module.
    fn named(&self, module: usize, name: &str, depth: usize) -> Vec<Place> {
        let here = &self.modules[module];
        let mut places = vec![];
        places.extend(here.children.get(name).map(|child| Place::Module(*child)));
        if here.items.contains(name) {
            places.push(Place::Item(module));
        }
        if let Some(path) = here.imports.get(name) {
            places.extend(self.resolve(module, path, depth + 1));
        }
        if places.is_empty() {
            for glob in &here.globs {
                for place in self.resolve(module, glob, depth + 1) {
                    if let Place::Module(other) = place
                        && other != module
                    {
                        places.extend(self.named(other, name, depth + 1));
                    }
                }
            }
        }
        places
    }

    fn parent(&self, module: usize) -> usize {
        self.modules[module].parent.unwrap_or(module)
    }

    fn root(&self, module: usize) -> usize {
        let mut root = module;
        while let Some(parent) = self.modules[root].parent {
            root = parent;
        }
        root
    }
}
