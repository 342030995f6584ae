using System.IO.Pipelines;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using UserTcp.Tool.Tests.Support;

namespace UserTcp.Tool.Tests.Commands;

public sealed class ServeTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("usertcp-serve-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Get_fetches_what_serve_has_and_each_answer_is_told()
    {
        string text = string.Concat(Enumerable.Range(0, 50_000));
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "numbers.txt"), text);
        await using ToolRun server = ToolRun.Start(
            "serve", _folder.FullName, "--link", "virtual:serve", "--address", "10.0.0.2/24", "--json");
        await server.ErrorLineAsync("Serving");
        await using ToolRun client = ToolRun.Start(
            "get", "http://10.0.0.2:8080/numbers.txt", "--link", "virtual:serve", "--address", "10.0.0.1/24");

        Assert.Equal(0, await client.Ended);
        Assert.Equal(text, client.Out);
        await server.OutLineAsync("/numbers.txt"); // the client may have its answer before it is told
        server.Interrupt();
        Assert.Equal(130, await server.Ended);
        using JsonDocument told = JsonDocument.Parse(server.Out);
        Assert.Equal("/numbers.txt", told.RootElement.GetProperty("path").GetString());
        Assert.Equal("HTTP/1.1", told.RootElement.GetProperty("protocol").GetString());
        Assert.Equal(200, told.RootElement.GetProperty("status").GetInt32());
        Assert.Equal(text.Length, told.RootElement.GetProperty("bytes").GetInt64());
    }

    [Theory]
    [InlineData("2.0", "HTTP/2")]
    [InlineData("1.1", "HTTP/1.1")]
    public async Task One_port_speaks_both_versions_without_TLS(string version, string protocol)
    {
        byte[] bytes = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 31 + i / 251))];
        await File.WriteAllBytesAsync(Path.Combine(_folder.FullName, "some.bin"), bytes);
        await using ToolRun server = ToolRun.Start(
            "serve", _folder.FullName, "--link", "virtual:both", "--address", "10.0.0.2/24");
        await server.ErrorLineAsync("Serving");
        await using (UserTcpStack stack = await UserTcpStack.OpenAsync("virtual:both", "10.0.0.1/24"))
        {
            using HttpClient client = stack.CreateHttpClient();
            client.DefaultRequestVersion = Version.Parse(version);
            client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            using HttpResponseMessage response = await client.GetAsync("http://10.0.0.2:8080/some.bin");

            Assert.Equal(Version.Parse(version), response.Version);
            Assert.Equal(bytes, await response.Content.ReadAsByteArrayAsync());
            await server.OutLineAsync($"10.0.0.1 \"GET /some.bin {protocol}\" 200 300000");
        }

        server.Interrupt();
        Assert.Equal(130, await server.Ended);
    }

    [Fact]
    public async Task A_folder_is_listed()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "strange.name-of-a-file"), "x");
        await using ToolRun server = ToolRun.Start(
            "serve", _folder.FullName, "--port", "80", "--link", "virtual:list", "--address", "10.0.0.2/24");
        await server.ErrorLineAsync("Serving");
        await using ToolRun list = ToolRun.Start(
            "get", "http://10.0.0.2/", "--link", "virtual:list", "--address", "10.0.0.1/24");

        Assert.Equal(0, await list.Ended);
        Assert.Contains("strange.name-of-a-file", list.Out, StringComparison.Ordinal);
        await server.OutLineAsync("10.0.0.1 \"GET / HTTP/1.1\" 200 ");
        server.Interrupt();
        Assert.Equal(130, await server.Ended);
    }

    [Fact]
    public async Task Each_link_of_a_list_leads_to_its_file()
    {
        string[] names =
            ["a b", "100%", "%41.txt", "c#d?e&f=g", "k:l", "<i>'\"x", "\u00e4\u20ac", "plus+plus", "x;y,z"];
        DirectoryInfo sub = _folder.CreateSubdirectory("s p%20c#");
        foreach (string name in names)
            await File.WriteAllTextAsync(Path.Combine(sub.FullName, name), name);
        await using ToolRun server = ToolRun.Start(
            "serve", _folder.FullName, "--port", "80", "--link", "virtual:links", "--address", "10.0.0.2/24");
        await server.ErrorLineAsync("Serving");
        await using (UserTcpStack stack = await UserTcpStack.OpenAsync("virtual:links", "10.0.0.1/24"))
        {
            using HttpClient client = stack.CreateHttpClient();
            var root = new Uri("http://10.0.0.2/");
            Uri list = Assert.Single(await LinksAsync(client, root));
            List<string> found = [];
            foreach (Uri link in (await LinksAsync(client, list)).Where(link => link != root))
                found.Add(await client.GetStringAsync(link));

            Assert.Equal(names.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        }

        server.Interrupt();
        Assert.Equal(130, await server.Ended);
    }

    [Fact]
    public async Task A_file_is_no_folder_and_a_folder_is()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "file.txt"), "x");
        _folder.CreateSubdirectory("sub");
        await using ToolRun server = ToolRun.Start(
            "serve", _folder.FullName, "--port", "80", "--link", "virtual:slash", "--address", "10.0.0.2/24");
        await server.ErrorLineAsync("Serving");
        await using (UserTcpStack stack = await UserTcpStack.OpenAsync("virtual:slash", "10.0.0.1/24"))
        {
            using HttpClient client = stack.CreateHttpClient();
            foreach ((string path, int status) in ((string, int)[])
                [("file.txt", 200), ("file.txt/", 404), ("file.txt//", 404), ("none", 404), ("none/", 404), ("", 200),
                    ("sub", 200), ("sub/", 200)])
            {
                using HttpResponseMessage response = await client.GetAsync($"http://10.0.0.2/{path}");
                Assert.True(status == (int)response.StatusCode, $"/{path}: {response.StatusCode}");
            }
        }

        server.Interrupt();
        Assert.Equal(130, await server.Ended);
    }

    [Fact]
    public async Task A_client_that_does_not_read_keeps_nobody_from_ending_with_a_whole_capture()
    {
        await using (FileStream big = File.Create(Path.Combine(_folder.FullName, "big")))
            big.SetLength(1L << 30);
        string capture = Path.Combine(_folder.FullName, "serve.pcapng");
        await using ToolRun server = ToolRun.Start(
            "serve", _folder.FullName, "--link", "virtual:slow", "--address", "10.0.0.2/24", "--capture", capture);
        await server.ErrorLineAsync("Serving");
        await using UserTcpStack stack = await UserTcpStack.OpenAsync("virtual:slow", "10.0.0.1/24");
        await using UserTcpConnection connection = await stack.ConnectAsync(IPEndPoint.Parse("10.0.0.2:8080"));
        await connection.Output.WriteAsync("GET /big HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        await connection.Input.ReadAtLeastAsync(1000);
        server.Interrupt();

        // Had it not ended in order, the capture would have been disposed of by nobody.
        Assert.Equal(130, await server.Ended);
        await using ToolRun trace = await ToolRun.ToEndAsync("trace", capture, "-o", capture + ".html");
        Assert.Equal(0, await trace.Ended);
    }

    private static async Task<Uri[]> LinksAsync(HttpClient client, Uri list)
    {
        string page = await client.GetStringAsync(list);
        return [.. Regex.Matches(page, "href=\"([^\"]*)\"").Select(
            link => new Uri(list, WebUtility.HtmlDecode(link.Groups[1].Value)))];
    }

    [Theory]
    [InlineData("/no/such/folder", "8080", "--link", "virtual:none")]
    [InlineData("/tmp", "0", "--link", "virtual:none")]
    [InlineData("/tmp", "8080", "--json", "--no-color")] // through the gateway
    public async Task What_cannot_be_served_is_a_usage_error(string folder, string port, params string[] more)
    {
        await using ToolRun run = await ToolRun.ToEndAsync(["serve", folder, "--port", port, .. more]);
        Assert.Equal(2, await run.Ended);
        Assert.NotEmpty(run.Error);
    }
}
