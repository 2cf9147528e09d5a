# The environment of every command, and the code: docs/docker.md. For a GPU: docker build --build-arg GPU=1 -t foldvote:gpu .
FROM python:3.12-slim-bookworm

# opencv-python's windows, which nothing opens, are linked to these
RUN apt-get update && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 && rm -rf /var/lib/apt/lists/*

# pip reads the first two itself; they stay in the image's history
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG GPU

# in a folder of its own, so that it runs again only when pyproject.toml changes
WORKDIR /install
COPY pyproject.toml README.md LICENSE ./
RUN pip install --no-cache-dir .
RUN test -z "$GPU" || python -c 'import torch; assert torch.version.cuda, "this index has torch without CUDA"'

WORKDIR /foldvote
COPY --chown=1000:1000 . .
RUN python -m dvc config core.no_scm true && chown 1000:1000 .

# all that is asked of a user, so that any number will do: docker run --user
ENV HOME=/tmp LOGNAME=foldvote DVC_SITE_CACHE_DIR=/tmp/dvc
ENV NVIDIA_VISIBLE_DEVICES=${GPU:+all} NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 1000:1000
EXPOSE 8000
# docker stop as Ctrl-C: the first process gets no other signal that ends it
STOPSIGNAL SIGINT
CMD ["python", "-m", "pipelines.serve", "--host", "0.0.0.0"]
