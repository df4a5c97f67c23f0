# The tested versions of constraints.txt, with cmr_ssl as its entry point; docs/install.md says how to run it.
FROM python:3.11-slim

# Another index with builds of torch, such as https://download.pytorch.org/whl/cpu for machines without a GPU.
ARG TORCH_INDEX=

WORKDIR /opt/cmr_ssl
COPY constraints.txt pyproject.toml README.md LICENSE ./
# torch alone and first: the index is asked for nothing else, and the layer stays when the code changes.
RUN pip install --no-cache-dir --constraint constraints.txt ${TORCH_INDEX:+--extra-index-url $TORCH_INDEX} torch
COPY configs configs
COPY cmr_ssl cmr_ssl
RUN pip install --no-cache-dir --constraint constraints.txt .

# Data are mounted here; whoever runs the container owns what it writes.
WORKDIR /data
ENV MPLCONFIGDIR=/tmp/matplotlib
ENTRYPOINT ["cmr-ssl"]
CMD ["--help"]
