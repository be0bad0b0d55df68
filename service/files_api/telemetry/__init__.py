"""What the service tells about itself: logs now; traces and metrics have their seam here."""
