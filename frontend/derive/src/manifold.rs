//! `#[derive(Manifold)]`: field by field.

use crate::{leaf_parameter, members, struct_fields};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, Index, Result};

/// As many fields as a tuple that is a tree has elements.
const MOST_FIELDS: usize = 8;

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let (leaf, fields) = (leaf_parameter("Manifold", input)?, struct_fields("Manifold", input)?);
    if fields.len() > MOST_FIELDS {
        let message = format!("`Manifold` can be derived for up to {MOST_FIELDS} fields; group some in a struct");
        return Err(Error::new(input.ident.span(), message));
    }
    let name = &input.ident;
    let types: Vec<_> = fields.iter().map(|field| &field.ty).collect();
    let members = members(fields);
    let places: Vec<_> = (0..members.len()).map(Index::from).collect();
    let manifold = quote!(::rotrace::Manifold);
    Ok(quote! {
        #[automatically_derived]
        impl<#leaf> #manifold for #name<#leaf>
        where
            Self: ::rotrace::Tree<::rotrace::Tensor> + ::core::clone::Clone,
            #(#types: #manifold,)*
        {
            type Tangent = (#(<#types as #manifold>::Tangent,)*);

            fn retract_on(self, side: ::rotrace::Side, step: Self::Tangent) -> Self {
                Self { #(#members: #manifold::retract_on(self.#members, side, step.#places),)* }
            }

            fn local_on(self, side: ::rotrace::Side, other: Self) -> Self::Tangent {
                (#(#manifold::local_on(self.#members, side, other.#members),)*)
            }

            fn zero_tangent(&self) -> Self::Tangent {
                (#(#manifold::zero_tangent(&self.#members),)*)
            }

            fn pushforward(self, side: ::rotrace::Side, tangent: Self::Tangent) -> Self {
                Self { #(#members: #manifold::pushforward(self.#members, side, tangent.#places),)* }
            }

            fn pullback(self, side: ::rotrace::Side, cotangent: Self) -> Self::Tangent {
                (#(#manifold::pullback(self.#members, side, cotangent.#members),)*)
            }
        }
    })
}
