namespace UserTcp.Lab.Tests.Support;

/// <summary>
/// What <c>tests/run.sh</c> does to a machine that lacks everything. The script runs in a mount namespace of its own,
/// in which <c>/usr/sbin</c> and <c>/dev/net</c> are empty; programs that would change or build something are replaced.
/// </summary>
public sealed class RunScriptTests
{
    private const string Policy = "/usr/sbin/policy-rc.d";
    private const string Node = "/dev/net/tun";

    private const string Inside =
        "mount --make-rprivate / && mount -t tmpfs none /usr/sbin && mount -t tmpfs none /dev/net && cd \"$1\" "
        + "&& shift && PATH=\"$PWD/bin:$PATH\" TMPDIR=\"$PWD\" NOTES=\"$PWD\" bash \"$@\" >said 2>&1; code=$?; "
        + $"ls {Policy} {Node} >left 2>/dev/null; exit $code";

    // No package is installed, and none gets installed. The build fails, or ends the script as a user would; first it
    // notes what the machine has by then.
    private static readonly (string Name, string Text)[] s_programs =
    [
        ("dpkg-query", "echo not-installed"),
        ("apt-get", $"cp $NOTES/said $NOTES/said-before-$1; echo $1 >>$NOTES/calls; ls {Policy} >>$NOTES/policies"),
        ("dotnet", $"stat -c %a {Node} >$NOTES/mode 2>&1; [ ! -e $NOTES/end ] || kill -TERM $PPID; exit 1"),
        ("ip", "exit 1"),
    ];

    [LabFact]
    public void A_change_of_the_machine_is_said_before_and_undone_at_the_end()
    {
        using var folder = new ScratchFolder();
        Assert.Equal(1, Run(folder));
        string before = Read(folder, "said-before-update");
        Assert.Contains("changes the machine (--no-install prevents that)", before, StringComparison.Ordinal);
        Assert.Contains("apt-get install libpcap0.8 iproute2", before, StringComparison.Ordinal);
        Assert.Contains(Policy, before, StringComparison.Ordinal);
        Assert.Contains(Node, before, StringComparison.Ordinal);
        Assert.Equal("update\ninstall\n", Read(folder, "calls"));
        Assert.Equal($"{Policy}\n{Policy}\n", Read(folder, "policies"));
        Assert.Equal("666\n", Read(folder, "mode"));
        Assert.Empty(Read(folder, "left"));
    }

    [LabFact]
    public void With_no_install_the_machine_is_left_alone_and_what_it_lacks_is_said()
    {
        using var folder = new ScratchFolder();
        Assert.Equal(1, Run(folder, "--no-install"));
        string said = Read(folder, "said");
        Assert.Contains("--no-install: this machine stays as it is", said, StringComparison.Ordinal);
        Assert.Contains("libpcap0.8 iproute2", said, StringComparison.Ordinal);
        Assert.Contains(Node, said, StringComparison.Ordinal);
        Assert.Contains("The build failed", said, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.File("calls")));
        Assert.Contains("No such file", Read(folder, "mode"), StringComparison.Ordinal);
        Assert.Empty(Read(folder, "left"));
    }

    [LabFact]
    public void A_run_that_is_ended_undoes_its_changes()
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder.File("end"), "");
        Assert.Equal(128 + 15, Run(folder));
        Assert.Equal("666\n", Read(folder, "mode"));
        Assert.Empty(Read(folder, "left"));
    }

    [LabFact]
    public void Other_options_are_refused()
    {
        using var folder = new ScratchFolder();
        Assert.Equal(2, Run(folder, "--install"));
        Assert.Contains("There is no option --install", Read(folder, "said"), StringComparison.Ordinal);
        Assert.False(File.Exists(folder.File("mode")));
    }

    private static int Run(ScratchFolder folder, string options = "")
    {
        string programs = folder.Folder("bin");
        foreach ((string name, string text) in s_programs)
            File.WriteAllText(Path.Combine(programs, name), $"#!/bin/sh\n{text}\n");
        Shell.Run($"chmod 755 '{programs}'/*");
        return Shell.TryRun($"unshare --mount sh -c '{Inside}' sh '{folder.Path}' '{Script()}' {options}").ExitCode;
    }

    private static string Read(ScratchFolder folder, string name) => File.ReadAllText(folder.File(name));

    private static string Script()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "UserTcp.sln")))
                return Path.Combine(at.FullName, "tests", "run.sh");
        }

        throw new DirectoryNotFoundException($"No UserTcp.sln above {AppContext.BaseDirectory}.");
    }
}
