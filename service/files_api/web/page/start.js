'use strict';

function withSlashes(address) {
  const [path, ...query] = new URL(address, window.location.href).href.split(/(?=[?#])/);
  return path.includes('/v1/files/') ? [path.replace(/%2F/gi, '/'), ...query].join('') : address;
}

window.ui = SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  requestInterceptor: (request) => {
    request.url = withSlashes(request.url);
    // The browser knows what a chosen file is; the document can only say that it is bytes.
    if (request.body instanceof File && request.body.type) {
      request.headers['Content-Type'] = request.body.type;
    }
    return request;
  },
});
