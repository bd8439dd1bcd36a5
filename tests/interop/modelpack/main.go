// Validates a ModelPack config from standard input with ModelPack's own validator, or prints the words of its
// specification that govern writes, one a line.
package main

import (
	"fmt"
	"os"

	"github.com/modelpack/model-spec/schema"
	v1 "github.com/modelpack/model-spec/specs-go/v1"
)

var words = []string{
	v1.ArtifactTypeModelManifest,
	v1.MediaTypeModelConfig,
	v1.MediaTypeModelWeightRaw, v1.MediaTypeModelWeight,
	v1.MediaTypeModelWeightConfigRaw, v1.MediaTypeModelWeightConfig,
	v1.MediaTypeModelDocRaw, v1.MediaTypeModelDoc,
	v1.MediaTypeModelCodeRaw, v1.MediaTypeModelCode,
	v1.MediaTypeModelDatasetRaw, v1.MediaTypeModelDataset,
	v1.AnnotationFilepath,
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "words" {
		for _, one := range words {
			fmt.Println(one)
		}
		return
	}
	if err := schema.ValidatorMediaTypeModelConfig.Validate(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
