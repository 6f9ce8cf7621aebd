# Three images: `nginx`, `loadtest`, and `app`, which is the service on either of its servers. The
# last is what `docker build .` builds, and a platform that finds this file.
#
# Where the same bytes are wanted each time, name the base images with their digests:
# docker build --build-arg PYTHON_IMAGE=python:3.14-slim@sha256:... .

ARG PYTHON_IMAGE=python:3.14-slim
ARG NGINX_IMAGE=nginx:1.30

# ---- what the service requires; built again only when its lock changes

FROM ${PYTHON_IMAGE} AS requirements
# Without a pip of its own: the base image has one that is enough.
RUN python -m venv --without-pip /opt/venv
COPY requirements.txt .
# Wheels only: a package that would have to be compiled ends the build here, with its name. No cache
# mount: Railway builds no file that has one without its own prefix.
RUN python -m pip --python /opt/venv/bin/python install --disable-pip-version-check \
    --no-cache-dir --root-user-action=ignore \
    --require-hashes --only-binary=:all: -r requirements.txt \
 && find /opt/venv -name "*.pyi" -o -name "*.pyx" -o -name "*.pxd" -o -name "*.c" -o -name "*.h" \
    | xargs rm -f

# ---- the code, compiled

FROM ${PYTHON_IMAGE} AS code
COPY app /srv/app
COPY gunicorn.conf.py /srv/
# checked-hash: bytecode that holds whatever becomes of the files' times, and is never stale.
# Readable for whoever runs it, whatever the checkout was: a umask of 077 leaves it to its owner.
# Static files are compressed for where there is no nginx.
WORKDIR /srv
RUN chmod -R a+rX . \
 && python -m app.collect app/static \
 && python -m compileall -q --invalidation-mode checked-hash /srv

# ---- nginx, for before the service

FROM ${NGINX_IMAGE} AS nginx
# The stock configuration goes: nothing of it is served by accident.
RUN rm -rf /etc/nginx/conf.d /etc/nginx/nginx.conf \
 && mkdir /etc/nginx/certificates /var/static /var/uploads \
 && chown 101:101 /etc/nginx/certificates \
 && chmod 1777 /var/uploads
COPY nginx /etc/nginx/slipway
RUN chmod -R a+rX /etc/nginx/slipway
USER 101:101
EXPOSE 8080 8081 8443
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --start-interval=500ms --retries=3 \
    CMD ["curl", "--fail", "--silent", "--show-error", "--max-time", "2", "http://127.0.0.1:8090/readyz"]
ENTRYPOINT ["/etc/nginx/slipway/start"]
CMD ["nginx", "-c", "/etc/nginx/slipway/nginx.conf", "-g", "daemon off;"]
LABEL org.opencontainers.image.title="slipway-nginx" \
      org.opencontainers.image.description="nginx in front of slipway"

# ---- the load test: what it requires, its code, and both together

FROM ${PYTHON_IMAGE} AS loadtest-requirements
RUN python -m venv --without-pip /opt/venv
COPY requirements-loadtest.txt .
RUN python -m pip --python /opt/venv/bin/python install --disable-pip-version-check \
    --no-cache-dir --root-user-action=ignore \
    --require-hashes --only-binary=:all: -r requirements-loadtest.txt

FROM ${PYTHON_IMAGE} AS loadtest-code
COPY loadtest /srv/loadtest
RUN chmod -R a+rX /srv && python -m compileall -q --invalidation-mode checked-hash /srv

FROM ${PYTHON_IMAGE} AS loadtest
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
# A new volume takes its owner from this folder.
RUN mkdir /var/report && chown 10001:10001 /var/report
WORKDIR /srv
COPY --from=loadtest-requirements /opt/venv /opt/venv
COPY --from=loadtest-code /srv /srv
USER 10001:10001
EXPOSE 8089
STOPSIGNAL SIGTERM
CMD ["locust", "-f", "loadtest/locustfile.py"]
LABEL org.opencontainers.image.title="slipway-loadtest" \
      org.opencontainers.image.description="What makes load for slipway, and measures it"

# ---- the service

FROM ${PYTHON_IMAGE} AS app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PORT=8000
# A folder that a new volume takes its owner from, for `python -m app.collect`.
RUN mkdir /var/static && chown 10001:10001 /var/static
WORKDIR /srv
COPY --from=requirements /opt/venv /opt/venv
COPY --from=code /srv /srv
# Numeric: Kubernetes' runAsNonRoot cannot know what a name means.
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s --start-interval=500ms --retries=3 \
    CMD ["python", "-m", "app.healthcheck"]
CMD ["python", "gunicorn.conf.py"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="slipway" \
      org.opencontainers.image.description="A small, fast HTTP service" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
