using UserTcp.Testing.Packetdrill;

namespace UserTcp.Packetdrill.Tests;

/// <summary>The example of the package's README.</summary>
public sealed class ScriptExample
{
    [Fact]
    public void A_script_is_read_from_its_file_and_passes()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "scripts", "handshake", "active.pkt");
        PacketdrillResult result = PacketdrillScript.Load(path).Run();
        Assert.Equal(PacketdrillOutcome.Passed, result.Outcome);
    }
}
