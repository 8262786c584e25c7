//! The derive macros of Rotrace's `Tree` and `Manifold` traits.

mod manifold;

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, GenericParam, Ident, Index, Member, Result, parse_macro_input};

/// Implements `rotrace::Tree` for a struct with one type parameter, the leaf, whose fields are all trees of it:
/// `struct Camera<T> { pose: T, focal: T }`. Fields may be trees themselves: `Vec<Camera<T>>`, `Rotation<T>`, `(T, T)`.
#[proc_macro_derive(Tree)]
pub fn derive_tree(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// Implements `rotrace::Manifold` for a struct that derives `Tree` and whose fields are manifolds, up to 8 of them. Its
/// tangent is the tuple of theirs, in order.
#[proc_macro_derive(Manifold)]
pub fn derive_manifold(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    manifold::expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let (leaf, fields) = (leaf_parameter("Tree", input)?, struct_fields("Tree", input)?);
    let name = &input.ident;
    let label = fresh("Label", leaf);
    let other = fresh("Other", leaf);
    let each = |call: &dyn Fn(&Member, &syn::Type) -> TokenStream| -> TokenStream {
        members(fields).iter().zip(fields).map(|(member, field)| call(member, &field.ty)).collect()
    };
    let visit =
        each(&|member, ty| quote_spanned!(ty.span()=> ::rotrace::Tree::<#label>::visit(&self.#member, visitor);));
    let visit_mut = each(
        &|member, ty| quote_spanned!(ty.span()=> ::rotrace::Tree::<#label>::visit_mut(&mut self.#member, visitor);),
    );
    let visit_lengths = each(
        &|member, ty| quote_spanned!(ty.span()=> ::rotrace::Tree::<#label>::visit_lengths(&self.#member, visitor);),
    );
    let build =
        each(&|member, ty| quote_spanned!(ty.span()=> #member: <#ty as ::rotrace::Tree<#label>>::build(leaves)?,));
    Ok(quote! {
        #[automatically_derived]
        impl<#label, #leaf: ::rotrace::Tree<#label>> ::rotrace::Tree<#label> for #name<#leaf> {
            type With<#other: ::rotrace::Leaf> = #name<<#leaf as ::rotrace::Tree<#label>>::With<#other>>;

            fn visit<'tree>(&'tree self, visitor: &mut dyn ::core::ops::FnMut(&'tree #label))
            where
                #label: 'tree,
            {
                #visit
            }

            fn visit_mut<'tree>(&'tree mut self, visitor: &mut dyn ::core::ops::FnMut(&'tree mut #label))
            where
                #label: 'tree,
            {
                #visit_mut
            }

            fn visit_lengths(&self, visitor: &mut dyn ::core::ops::FnMut(usize)) {
                #visit_lengths
            }

            fn build(leaves: &mut ::rotrace::Leaves<#label>) -> ::core::option::Option<Self> {
                ::core::option::Option::Some(Self { #build })
            }
        }
    })
}

fn struct_fields<'a>(derived: &str, input: &'a DeriveInput) -> Result<&'a Fields> {
    let span = match &input.data {
        Data::Struct(data) => return Ok(&data.fields),
        Data::Enum(data) => data.enum_token.span,
        Data::Union(data) => data.union_token.span,
    };
    Err(Error::new(span, format!("`{derived}` can be derived for structs only")))
}

/// The one type parameter, without bounds that other leaf types would not meet.
fn leaf_parameter<'a>(derived: &str, input: &'a DeriveInput) -> Result<&'a Ident> {
    let rule =
        format!("`{derived}` can be derived for structs with exactly one type parameter, the leaf: `struct Name<T>`");
    let generics = &input.generics;
    let mut parameters = generics.params.iter();
    let (Some(GenericParam::Type(leaf)), None) = (parameters.next(), parameters.next()) else {
        let span = if generics.params.is_empty() { input.ident.span() } else { generics.span() };
        return Err(Error::new(span, rule));
    };
    if !leaf.bounds.is_empty() || generics.where_clause.is_some() {
        return Err(Error::new(
            leaf.span(),
            format!("the leaf parameter of a `{derived}` must have no bounds: it takes many types"),
        ));
    }
    Ok(&leaf.ident)
}

fn members(fields: &Fields) -> Vec<Member> {
    match fields {
        Fields::Named(fields) => {
            fields.named.iter().filter_map(|field| field.ident.clone()).map(Member::Named).collect()
        }
        Fields::Unnamed(fields) => (0..fields.unnamed.len()).map(|index| Member::Unnamed(Index::from(index))).collect(),
        Fields::Unit => Vec::new(),
    }
}

/// A name for a type parameter that cannot be the user's.
fn fresh(name: &str, taken: &Ident) -> Ident {
    format_ident!("__Tree{}{}", name, taken)
}
