"""From DICOM archives to studies: headers are the truth, names and manifests are hints, and no file is trusted."""
