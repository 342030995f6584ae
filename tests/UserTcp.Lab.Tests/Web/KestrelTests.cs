using System.Globalization;
using System.Text.RegularExpressions;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Web;

/// <summary>Clients that everybody uses, over the kernel's TCP, against Kestrel on ours.</summary>
public sealed partial class KestrelTests(ITestOutputHelper output)
{
    [LabTheory]
    [InlineData("--http1.1 http://SERVER/", "HTTP/1.1")]
    [InlineData("--http2-prior-knowledge http://SERVER:81/", "HTTP/2")]
    [InlineData("--http1.1 --insecure https://SERVER/", "HTTP/1.1")]
    [InlineData("--http2 --insecure https://SERVER/", "HTTP/2")]
    public async Task Curl_is_answered_in_every_version(string request, string version)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, "packet");
        using var patience = new Patience(60);
        await using WebService service = await WebService.StartAsync(lab);

        Assert.Equal(version, await service.RunAsync($"curl -qsS --fail {request}", patience.Token));
        Assert.Empty(service.Log.Complaints);
    }

    [LabTheory]
    [InlineData("--http1.1", "http://SERVER")]
    [InlineData("--http2 --insecure", "https://SERVER")]
    public async Task A_gigabyte_goes_down_and_up_unharmed(string options, string server)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, "packet");
        using var patience = new Patience(300);
        await using WebService service = await WebService.StartAsync(lab);
        string hash = WebService.LargeHash();

        string down = await service.RunAsync($"curl -qsS --fail {options} {server}/large | sha256sum", patience.Token);
        Assert.Equal(hash, down.Split(' ')[0]);

        // Down and up at once, on a connection each: what comes is what goes.
        string up = await service.RunAsync(
            $"curl -qsS --fail {options} {server}/large | curl -qsS --fail {options} -T - {server}/hash",
            patience.Token);
        Assert.Equal(hash, up);
        Assert.Empty(service.Log.Complaints);
        output.WriteLine($"{service.Statistics}");
    }

    [LabTheory]
    [InlineData("http://SERVER:81/", 50_000)]
    [InlineData("https://SERVER/", 20_000)]
    public async Task H2load_gets_every_answer(string url, int requests)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, "packet");
        using var patience = new Patience(180);
        await using WebService service = await WebService.StartAsync(lab);
        string report = await service.RunAsync($"h2load -n {requests} -c 16 -m 32 {url}", patience.Token);

        output.WriteLine(report);
        Match done = Requests().Match(report);
        Assert.True(done.Success, report);
        Assert.Equal(requests, int.Parse(done.Groups["succeeded"].Value, CultureInfo.InvariantCulture));
        Assert.Equal("0 failed, 0 errored, 0 timeout", done.Groups["bad"].Value);
        Assert.Empty(service.Log.Complaints);
    }

    [LabFact]
    public async Task Wrk_finds_no_error_in_a_minute_at_64_connections()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, "packet");
        using var patience = new Patience(180);
        await using WebService service = await WebService.StartAsync(lab);
        // Two seconds, as wrk has it, are no error of TCP's on a machine that has stood still so long.
        string report = await service.RunAsync("wrk -t2 -c64 -d60s --timeout 20s http://SERVER/", patience.Token);

        output.WriteLine(report);
        Assert.Contains("Requests/sec:", report, StringComparison.Ordinal);
        Assert.DoesNotContain("Socket errors", report, StringComparison.Ordinal);
        Assert.DoesNotContain("Non-2xx", report, StringComparison.Ordinal);
        Assert.Empty(service.Log.Complaints);
    }

    [GeneratedRegex(@"requests: \d+ total, \d+ started, \d+ done, (?<succeeded>\d+) succeeded, (?<bad>.*)")]
    private static partial Regex Requests();
}
