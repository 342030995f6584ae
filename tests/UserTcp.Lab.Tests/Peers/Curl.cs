using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;

namespace UserTcp.Lab.Tests.Peers;

/// <summary>One curl process and a list of transfers, one after the other.</summary>
internal sealed class Curl(LabNetwork lab, IPEndPoint server, string name, bool reuseConnections)
{
    private readonly StringBuilder _configuration = new();
    private readonly List<(string File, string Hash)> _expected = [];

    /// <summary>Fetches a page into a file.</summary>
    public void Download(Page page)
    {
        string file = NextFile();
        Add($"url = \"http://{server}/{page.Name}\"", $"output = \"{file}\"");
        _expected.Add((file, page.Hash));
    }

    /// <summary>Sends a page; the server answers with the hash of what it got.</summary>
    /// <param name="page">What to send.</param>
    /// <param name="source">The file that holds it.</param>
    /// <param name="target">The name under which the server files it.</param>
    public void Upload(Page page, string source, string target)
    {
        string file = NextFile();
        Add($"url = \"http://{server}/{target}\"", $"upload-file = \"{source}\"", "header = \"Expect:\"",
            $"output = \"{file}\"");
        _expected.Add((file, Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes(page.Hash)))));
    }

    /// <summary>Runs to the end; fails if a transfer did, or if a file is not what it should be.</summary>
    /// <returns>The number of transfers.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        string configuration = lab.Scratch.File(name + ".curl");
        string log = lab.Scratch.File(name + ".log");
        await File.WriteAllTextAsync(configuration, _configuration.ToString(), cancellationToken);
        Process process = lab.Peer.Start("sh", "-c", $"exec curl -q --fail-early -K {configuration} > {log} 2>&1");
        await process.WaitForExitAsync(cancellationToken);
        Assert.True(process.ExitCode == 0, $"{name} ended with {process.ExitCode}: {File.ReadAllText(log)}");
        foreach ((string file, string hash) in _expected)
            Assert.Equal(hash, Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))));
        return _expected.Count;
    }

    private string NextFile() => lab.Scratch.File($"{name}-{_expected.Count}.out");

    private void Add(params string[] lines)
    {
        if (_expected.Count > 0)
            _configuration.AppendLine("next");
        string[] common = ["silent", "show-error", "fail", "max-time = 60"];
        foreach (string line in (string[])[.. common, .. lines])
            _configuration.AppendLine(line);
        if (!reuseConnections)
            _configuration.AppendLine("header = \"Connection: close\"");
    }
}
