using System.Collections.Concurrent;
using UserTcp.Tool.Tests.Support;

namespace UserTcp.Tool.Tests.Commands;

/// <summary>
/// The same command line for <c>get</c> and for curl: the servers see the same requests, and exit code, output and file
/// are the same.
/// </summary>
public sealed class GetCurlTests : IAsyncDisposable
{
    private const string Old = "0123";

    // All that do not depend on times, addresses, ports of the client and words of errors; in the size of a request
    // curl counts a short content too.
    private static readonly string[] s_variables =
    [
        "content_type", "exitcode", "filename_effective", "http_code", "http_connect", "http_version", "method",
        "num_connects", "num_headers", "num_redirects", "redirect_url", "remote_port",
        "response_code", "scheme", "size_download", "size_header", "size_upload", "ssl_verify_result",
        "time_appconnect", "url", "url_effective", "urlnum", "onerror",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("usertcp-curl-").FullName;
    private readonly ConcurrentQueue<string> _log = [];
    private CurlServer? _server;
    private CurlServer? _other;

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        if (_other is not null)
            await _other.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [CurlTheory]
    [InlineData("{A}/to/302?/end")] // not followed
    [InlineData("-f {A}/to/302?/end")]
    [InlineData("-L {A}/to/300?/end")]
    [InlineData("-L {A}/to/302?../end")]
    [InlineData("-L {A}/to/302?foo://x/")]
    [InlineData("-L --max-redirs 2 {A}/again/1")]
    [InlineData("-L --max-redirs 2 {A}/again/2")]
    [InlineData("-L --max-redirs 0 {A}/to/302?/end")]
    [InlineData("-L --max-redirs -1 {A}/again/60")]
    [InlineData("-L {A}/again/49")]
    [InlineData("-L {A}/again/50")]
    [InlineData("--max-redirs 1 {A}/to/302?/end")]
    public Task Redirects_are_followed_as_far(string line) => CompareAsync(line);

    [CurlTheory]
    [InlineData("-d a=b")]
    [InlineData("-T {F}/up")]
    [InlineData("-X FOO -d a")]
    [InlineData("-X DELETE")]
    [InlineData("-I")]
    [InlineData("-H X-Own:y")]
    public async Task Each_status_of_a_redirect_changes_the_request_in_the_same_way(string options)
    {
        foreach (int status in (int[])[301, 302, 303, 307, 308])
            await CompareAsync($"-L {options} {{A}}/to/{status}?/end");
    }

    [CurlTheory]
    [InlineData("-L -u us:pw {A}/to/302?/end")]
    [InlineData("-L -u us:pw {A}/to/302?{B}/to/302?{A}/end")]
    [InlineData("-L -u us:pw {A}/to/302?{O}/to/302?{A}/end")]
    [InlineData("-L -u us:pw -H Cookie:x=y {A}/to/302?{O}/end")]
    [InlineData("-L -H Authorization:x -H Cookie:x=y {A}/to/302?{B}/to/302?{A}/end")]
    [InlineData("-L -H X-Own:y {A}/to/302?{B}/end")]
    [InlineData("-u us:p:w {A}/end")]
    [InlineData("-u us: {A}/end")]
    [InlineData("-u us:pw -H Authorization:x {A}/end")]
    public Task Credentials_go_to_the_same_places(string line) => CompareAsync(line);

    [CurlTheory]
    [InlineData("-d a -d b=c&d {A}/x")]
    [InlineData("-d @{F}/lines -d x {A}/x")]
    [InlineData("-d @- {A}/x")]
    [InlineData("-d a -H Content-Type:text/x {A}/x")]
    [InlineData("-d a -X GET {A}/x")]
    [InlineData("-T {F}/up {A}/folder/")]
    [InlineData("-T {F}/up {A}/name?q")]
    [InlineData("-T - {A}/x")]
    [InlineData("-T {F}/missing {A}/x")]
    [InlineData("-X OPTIONS {A}/x")]
    [InlineData("-I -d a {A}/x")]
    [InlineData("-T {F}/up -d a {A}/x")]
    [InlineData("-T {F}/up -I {A}/x")]
    [InlineData("-H Accept: -H X-Own: {A}/x")]
    public Task Requests_are_the_same(string line) => CompareAsync(line);

    [CurlTheory]
    [InlineData("{A}/range")]
    [InlineData("{A}/whole")]
    [InlineData("{A}/plain")]
    [InlineData("-L {A}/to/302?/range")]
    [InlineData("{A}/status/503")]
    [InlineData("-f {A}/status/503")]
    [InlineData("-I {A}/range")]
    public async Task A_file_goes_on_where_it_ends(string line)
    {
        foreach (string? before in (string?[])[null, Old, "0123456789", "0123456789abcdef"])
        {
            await CompareAsync($"-C - -o {{F}}/page {line}", before);
            await CompareAsync($"-C 4 -o {{F}}/page {line}", before);
        }
    }

    [CurlTheory]
    [InlineData("-C 4 {A}/range")]
    [InlineData("-C 4 {A}/whole")]
    [InlineData("-C - {A}/range")]
    [InlineData("-C x {A}/range")]
    [InlineData("-C 20 {A}/range")]
    [InlineData("-f -C 20 {A}/range")]
    public Task The_output_goes_on_at_an_offset(string line) => CompareAsync(line);

    [CurlTheory]
    [InlineData("--resolve name.invalid:{P}:127.0.0.1 http://name.invalid:{P}/x")]
    [InlineData("--resolve NAME.invalid:{P}:127.0.0.2,127.0.0.1 http://name.invalid:{P}/x")]
    [InlineData("--resolve *:{P}:127.0.0.1 http://name.invalid:{P}/x")]
    [InlineData("--resolve +name.invalid:{P}:127.0.0.1 http://name.invalid:{P}/x")]
    [InlineData("--resolve name.invalid:1:127.0.0.1 http://name.invalid:{P}/x")]
    [InlineData("--resolve other.invalid:{P}:127.0.0.1 http://name.invalid:{P}/x")]
    [InlineData("--resolve nonsense {A}/x")]
    [InlineData("--resolve a:b:127.0.0.1 {A}/x")]
    [InlineData("--resolve a:1:2 {A}/x")]
    [InlineData("--resolve a:1: {A}/x")]
    public Task Names_are_resolved_in_the_same_way(string line) => CompareAsync(line);

    [CurlTheory]
    [InlineData("{A}/x")]
    [InlineData("{A}/to/302?/end%20x")]
    [InlineData("-L {A}/again/3")]
    [InlineData("-d abc {A}/x")]
    [InlineData("-L -d abc {A}/to/302?/end")]
    [InlineData("-L -d abc {A}/to/307?/end")]
    [InlineData("-H Expect: -T {F}/up {A}/x")] // curl counts the head of 100 Continue too
    [InlineData("-I {A}/x")]
    [InlineData("-X FOO {A}/x")]
    [InlineData("-o {F}/page {A}/x")]
    [InlineData("-f {A}/status/404")]
    [InlineData("{A}/status/404")]
    [InlineData("--compressed {A}/gzip")]
    [InlineData("{A}/gzip")]
    [InlineData("http://127.0.0.1:1/")]
    public async Task Variables_have_the_same_values(string line)
    {
        string format = string.Concat(s_variables.Select(name => $@"{name}=[%{{{name}}}]\n"));
        await CompareAsync($"-H User-Agent:x {line} -w", format: format);
    }

    [CurlTheory]
    [InlineData(@"%{http_code}%%|%|%{|%{http_code|%x|\n\t\r\x\")]
    [InlineData(@"%header{content-LENGTH}|%header{nope}|%header{|%header{content-type}")]
    [InlineData(@"a%{stderr}b%{stdout}c%{unknown}d%{onerror}e")]
    [InlineData("@{F}/format")]
    [InlineData("")]
    public Task Formats_are_read_in_the_same_way(string format) => CompareAsync("-o {F}/page {A}/x -w", format: format);

    [CurlTheory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Encoding: nonsense\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.0 200 OK\r\n\r\nuntil the end")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n")]
    public async Task Answers_that_are_wrong_have_the_same_exit_code_and_output(string answer)
    {
        await using var server = new WebServer("", []) { Bytes = System.Text.Encoding.Latin1.GetBytes(answer) };
        await CompareAsync($"--compressed {server.Url} -w", format: "%{exitcode} %{onerror}bad");
    }

    private async Task CompareAsync(string line, string? page = null, string? format = null)
    {
        _server ??= await CurlServer.StartAsync(_log);
        _other ??= await CurlServer.StartAsync(_log);
        await File.WriteAllTextAsync(Path.Combine(_folder, "up"), "to be sent");
        await File.WriteAllTextAsync(Path.Combine(_folder, "lines"), "one\r\ntwo\n\nthree\n");
        await File.WriteAllTextAsync(Path.Combine(_folder, "format"), @"%{method}\n");
        string[] args = [.. $"-s {line}".Split(' ').Select(Fill), .. format is null ? [] : new[] { Fill(format) }];

        (int Code, string Output) = await Prepare(page, () => Curl.RunAsync(args));
        string[] expected = Told(Code, Output);
        (int Code, string Output) own = await Prepare(page, async () =>
        {
            await using ToolRun run = await ToolRun.ToEndAsync(["get", .. args]);
            return (await run.Ended, run.Out);
        });
        Assert.Equal(expected, Told(own.Code, own.Output));
    }

    private async Task<(int Code, string Output)> Prepare(string? page, Func<Task<(int Code, string Output)>> run)
    {
        _log.Clear();
        string file = Path.Combine(_folder, "page");
        File.Delete(file);
        if (page is not null)
            await File.WriteAllTextAsync(file, page);
        return await run();
    }

    // The fields of a header may come in any order.
    private string[] Told(int code, string output)
    {
        string file = Path.Combine(_folder, "page");
        string all = output + (File.Exists(file) ? $"\nfile {File.ReadAllText(file)}" : "");
        IEnumerable<string> lines = all.Split('\n')
            .Where(text => !text.StartsWith("Date:", StringComparison.OrdinalIgnoreCase));
        return
        [
            $"exit code {code}", .. _log,
            .. lines.Order(StringComparer.Ordinal),
        ];
    }

    private string Fill(string text) => text
        .Replace("{A}", _server!.Url, StringComparison.Ordinal).Replace("{B}", _other!.Url, StringComparison.Ordinal)
        .Replace("{O}", _server.OtherUrl, StringComparison.Ordinal).Replace("{F}", _folder, StringComparison.Ordinal)
        .Replace("{P}", $"{new Uri(_server.Url).Port}", StringComparison.Ordinal);
}
