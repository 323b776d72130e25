package main

import (
	"example.com/pulumi-async-download/sdk/go/asyncdownload"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		origins := map[string]asyncdownload.OriginArgs{"reports": {BaseUrl: pulumi.String("https://reports.example.com/exports/")}}
		files, err := asyncdownload.NewAsyncDownload(ctx, "files", &asyncdownload.AsyncDownloadArgs{Origins: origins})
		if err == nil {
			ctx.Export("downloadUrl", files.DownloadUrl)
		}
		return err
	})
}
