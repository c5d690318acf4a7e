"""Files that are rendered when they are sent: pictures, documents and data exports."""
