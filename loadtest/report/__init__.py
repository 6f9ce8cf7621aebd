"""What a load test found, as people read it: Markdown, and one page of HTML."""
