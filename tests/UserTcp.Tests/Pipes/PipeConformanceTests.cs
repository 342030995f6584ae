using System.IO.Pipelines;

namespace UserTcp.Tests.Pipes;

public sealed class PlatformPipeConformanceTests : PipeConformance
{
    // Reading at least 200,000 bytes works there because what is examined does not count.
    protected override (PipeReader Reader, PipeWriter Writer) Create()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1 << 16, resumeWriterThreshold: 1 << 15));
        return (pipe.Reader, pipe.Writer);
    }
}

public sealed class TcpPipeConformanceTests : PipeConformance
{
    protected override (PipeReader Reader, PipeWriter Writer) Create()
    {
        var door = new LoopbackDoor();
        return (door.Reader, door.Writer);
    }
}
