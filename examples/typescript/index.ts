import { AsyncDownload } from "@pulumi/async-download";

const files = new AsyncDownload("files", {
  origins: { reports: { baseUrl: "https://reports.example.com/exports/" } },
  tags: { team: "reporting" },
});

export const downloadUrl = files.downloadUrl;
