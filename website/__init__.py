"""The site: what mkdocs needs beside docs/*.md, which stay readable where they are."""
