// Shows the document of this same origin. The token that is pasted under "Authorize" lives in this page only.
SwaggerUIBundle({
  url: "/api/schema/",
  dom_id: "#api",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  filter: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
