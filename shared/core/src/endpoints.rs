//! One list of handlers, two uses: the routes that a function serves, and their description.

/// Makes `router()` and `api()` from a list of handlers written `handler in module`, each annotated
/// with `#[utoipa::path]`. The two are apart so that a function's binary holds no description: it
/// is served from elsewhere, and would be a tenth of what a cold start loads.
#[macro_export]
macro_rules! endpoints {
    ($($handler:ident in $($module:ident)::+),+ $(,)?) => {
        /// The endpoints.
        pub fn router() -> ::axum::Router<$crate::app::App> {
            use ::utoipa::Path as _;
            use ::utoipa_axum::PathItemExt as _;
            ::utoipa_axum::paste! {
                ::axum::Router::new()$(.route(
                    &$($module::)+[<__path_ $handler>]::path(),
                    $($module::)+[<__path_ $handler>]::methods()
                        .into_iter()
                        .fold(::axum::routing::MethodRouter::new(), |router, method| {
                            router.on(method.to_method_filter(), $($module::)+$handler)
                        }),
                ))+
            }
        }

        /// The endpoints with their description.
        #[must_use]
        pub fn api() -> ::utoipa_axum::router::OpenApiRouter<$crate::app::App> {
            ::utoipa_axum::router::OpenApiRouter::new()
                $(.routes(::utoipa_axum::routes!($($module::)+$handler)))+
        }
    };
}
