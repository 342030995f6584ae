using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;

namespace UserTcp.Tool.Serve;

/// <summary>
/// The page of a folder. Links are encoded as URLs, which the framework's own list leaves out: a name may have any
/// character that means something in one.
/// </summary>
internal sealed class DirectoryList : IDirectoryFormatter
{
    public Task GenerateContentAsync(HttpContext context, IEnumerable<IFileInfo> contents)
    {
        string title = Text($"Index of {context.Request.PathBase}{context.Request.Path.Value}");
        var page = new StringBuilder();
        page.Append("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">")
            .Append(CultureInfo.InvariantCulture, $"<title>{title}</title></head>\n<body><h1>{title}</h1>\n<table>\n");
        if (context.Request.Path != "/")
            page.Append("<tr><td><a href=\"../\">../</a></td></tr>\n");
        foreach (IFileInfo item in contents.OrderBy(item => !item.IsDirectory)
            .ThenBy(item => item.Name, StringComparer.Ordinal))
        {
            Add(page, item);
        }

        page.Append("</table></body></html>\n");
        context.Response.ContentType = "text/html; charset=utf-8";
        byte[] bytes = Encoding.UTF8.GetBytes(page.ToString());
        context.Response.ContentLength = bytes.Length;
        return context.Response.Body.WriteAsync(bytes).AsTask();
    }

    // The dot keeps a name with a colon from being taken for a scheme.
    private static void Add(StringBuilder page, IFileInfo item)
    {
        string slash = item.IsDirectory ? "/" : "";
        string size = item.IsDirectory ? "" : item.Length.ToString("N0", CultureInfo.InvariantCulture);
        page.Append(CultureInfo.InvariantCulture, $"<tr><td><a href=\"./{Uri.EscapeDataString(item.Name)}{slash}\">")
            .Append(CultureInfo.InvariantCulture, $"{Text(item.Name)}{slash}</a></td><td align=\"right\">{size}</td>")
            .Append(CultureInfo.InvariantCulture, $"<td>{item.LastModified.UtcDateTime:yyyy-MM-dd HH:mm:ss}</td>")
            .Append("</tr>\n");
    }

    private static string Text(string text) => HtmlEncoder.Default.Encode(text);
}
