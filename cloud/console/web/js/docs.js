/**
 * The API's own page: Swagger UI, from this server.
 */

/** @type {(options: object) => void} */
const swagger = /** @type {any} */ (globalThis).SwaggerUIBundle;

swagger({ url: '/openapi.json', dom_id: '#swagger', deepLinking: true, validatorUrl: null });
